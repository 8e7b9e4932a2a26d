/** Random changes to one home: of every kind that touches files, on few names, so that names are used again. A refused change is one that did not happen. */
import { StoreError } from '@kalends/contracts';
import type { CalendarStore, CollectionId, Committed, Home, ItemName, StoreWriter, WriteLimits } from '@kalends/contracts';
// Not the whole kit: the killed processes run this as it stands, and Node 22 knows no `using`.
import { event, file, write } from '@kalends/testkit/ics';
import { factsOf } from '@kalends/testkit/plain-reader';

export const NO_LIMITS: WriteLimits = { octets: Infinity, collections: Infinity, itemsPerCollection: Infinity, attachmentsPerItem: Infinity };
export interface Step { readonly name: string; readonly work: (tx: StoreWriter) => Promise<unknown>; readonly hides?: CollectionId | undefined }

/** Mulberry32: the same numbers from the same seed, in [0, 1). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
export const pick = <T>(next: () => number, choices: readonly T[]): T => choices[Math.floor(next() * choices.length)]!;

const NAMES = ['a', 'b', 'c', 'd'];

export async function randomStep(store: CalendarStore, home: Home, next: () => number, salt: string): Promise<Step> {
  const collections = await store.listCollections(home.root.id, 'infinity');
  const plain = collections.filter(({ kind }) => kind === 'files');
  const calendar = collections.find(({ segment, kind }) => segment === 'calendar' && kind === 'calendar');
  const [here, there] = [pick(next, plain), pick(next, plain)];
  const movable = plain.filter(({ segment, parent }) => segment !== 'dropbox' || parent !== home.root.id);
  const victim = movable.length > 0 ? pick(next, movable) : undefined;
  const [name, other] = [pick(next, NAMES), pick(next, NAMES)] as [ItemName, ItemName];
  const [at, to] = [{ collection: here.id, name }, { collection: there.id, name: other }];
  const size = pick(next, [0, 10, 500, 3000, 66_000, 120_000]);
  const body = `${salt} `.padEnd(size, salt);
  const make: Step = { name: 'make', work: (tx) => tx.createCollection(here.id, { segment: name, kind: 'files', properties: new Map([['{x:}made', salt]]) }) };
  // Removals would leave a bare home sooner or later: without folders there is little to lose.
  if (plain.length < 5 && next() < 0.4) return make;
  const steps: readonly Step[] = [
    ...Array.from({ length: 10 }, (): Step => ({ name: `put ${size}`, work: (tx) => tx.putItem(here.id, file(name, body)) })),
    ...(calendar ? [{ name: 'put event', work: (tx: StoreWriter) => tx.putItem(calendar.id, write(event(name, { summary: salt }))) }] : []),
    { name: 'remove', work: (tx) => tx.removeItem(here.id, name) },
    { name: 'move', work: (tx) => tx.moveItem(at, to, { overwrite: true }) }, { name: 'move', work: (tx) => tx.moveItem(at, to, { overwrite: true }) },
    { name: 'copy', work: (tx) => tx.copyItem(at, to, { overwrite: true }) },
    { name: 'put and move', work: async (tx) => { await tx.putItem(here.id, file(name, body)); await tx.moveItem(at, to, { overwrite: true }); } },
    make,
    { name: 'make and fill', work: async (tx) => tx.putItem(await tx.createCollection(here.id, { segment: name, kind: 'files', properties: new Map() }), file(other, body)) },
    { name: 'move folder', work: async (tx) => victim && tx.moveCollection(victim.id, there.id, other) },
    { name: 'move folder', work: async (tx) => victim && tx.moveCollection(victim.id, there.id, other) },
    { name: 'move folder and put', work: async (tx) => { if (victim) { await tx.moveCollection(victim.id, there.id, other); await tx.putItem(victim.id, file(name, body)); } } },
    { name: 'remove folder', work: async (tx) => victim && tx.removeCollection(victim.id) },
    { name: 'remove folder, make and fill', work: async (tx) => {
      if (!victim) return;
      await tx.removeCollection(victim.id);
      await tx.putItem(await tx.createCollection(victim.parent!, { segment: victim.segment, kind: 'files', properties: new Map() }), file(name, body));
    } },
    { name: 'hide folder', work: async (tx) => victim && tx.hideCollection(victim.id), hides: victim?.id },
    { name: 'properties', work: (tx) => tx.updateCollection(here.id, { set: new Map([['{x:}a', salt]]), acl: [{ principal: 'all', grant: salt.length }] }) },
    { name: 'root properties', work: (tx) => tx.updateCollection(home.root.id, { set: new Map([['{x:}a', salt]]) }) },
    { name: 'dead', work: (tx) => tx.setDead(at, new Map([['{x:}a', salt]]), []) },
    { name: 'acl', work: (tx) => tx.setItemAcl(at, [{ principal: 'all', grant: salt.length }]) }, { name: 'no acl', work: (tx) => tx.setItemAcl(at, undefined) },
    { name: 'personal', work: (tx) => tx.setPersonal(at, 'id-ben' as never, { patch: new TextEncoder().encode(salt), facts: factsOf({ start: 0, end: 1 }) }) },
    { name: 'attach', work: (tx) => tx.attach(at, { managedId: `m${salt}`, id: 'blob', octets: 3, sha256: 'ab', name: 'n', type: 't/t' }) },
    { name: 'enqueue', work: (tx) => tx.enqueue({ kind: 'k', payload: { salt } }) },
  ];
  return pick(next, steps);
}

/** Undefined: refused. */
export async function attempt(store: CalendarStore, home: Home, step: Step): Promise<Committed<unknown> | undefined> {
  try {
    return await store.write(home.id, NO_LIMITS, step.work);
  } catch (error) {
    if (error instanceof StoreError && ['exists', 'not-found', 'collection-gone', 'uid-taken'].includes(error.code)) return undefined;
    throw error;
  }
}
