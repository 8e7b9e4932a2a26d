/**
 * What `locate` found in homes that have not moved since: a poll then reads one row of two columns. The home's stamp, read each time, decides; it grows with every
 * commit of any process, and a home's key is never given twice, so nothing here is ever stale. Belongs to one connection and goes with it.
 */
import type { PrincipalId } from '@kalends/contracts';
import type { LocatedRows } from './shard-reader.ts';

interface KeptHome { readonly key: number; readonly stamp: number; readonly places: Map<string, LocatedRows> }

/** A home with a few places takes about 4 KiB. */
const keptHomes = 128;
const keptPlaces = 16;

export class LocatedHomes {
  readonly #homes = new Map<PrincipalId, KeptHome>();

  /** Whether asking for the stamp is worth a statement. */
  has(owner: PrincipalId): boolean {
    return this.#homes.has(owner);
  }

  /** The places of the home as it is now; those of an older state are forgotten. */
  of(owner: PrincipalId, key: number, stamp: number): ReadonlyMap<string, LocatedRows> | undefined {
    const home = this.#homes.get(owner);
    if (home === undefined) return undefined;
    if (home.key === key && home.stamp === stamp) return home.places;
    this.#homes.delete(owner);
    return undefined;
  }

  /** `place`: of the deepest of `rows`. */
  keep(owner: PrincipalId, place: string, rows: LocatedRows): void {
    const { key, stamp } = rows.home;
    let home = this.#homes.get(owner);
    if (home === undefined || home.key !== key || home.stamp !== stamp) {
      makeRoom(this.#homes, keptHomes);
      this.#homes.set(owner, home = { key, stamp, places: new Map() });
    }
    makeRoom(home.places, keptPlaces);
    home.places.set(place, rows);
  }
}

/** The oldest goes. */
function makeRoom(map: Map<string, unknown>, size: number): void {
  if (map.size < size) return;
  for (const first of map.keys()) {
    map.delete(first);
    return;
  }
}
