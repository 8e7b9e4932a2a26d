/** Remembers what `work` has read, at its narrowest, so that the writer can ask whether it still holds. The first word on each thing counts: later reads come from memory. */
import type { HolderRow } from '../shard-reader.ts';
import type { ReadSet } from './change.ts';

export class ReadLog {
  readonly #stamp: number | undefined;
  readonly #items = new Map<string, { readonly collection: number; readonly name: string; readonly revision: number }>();
  readonly #uids = new Map<string, HolderRow | undefined>();
  readonly #collections = new Map<number, number>();
  readonly #absent = new Map<string, { readonly parent: number; readonly segment: string }>();
  #locks: number | undefined;
  #lockTokens: readonly string[] | undefined;
  #whole = false;

  constructor(stamp: number | undefined) {
    this.#stamp = stamp;
  }

  /** A range, a listing, or a number that every change moves. */
  whole(): void {
    this.#whole = true;
  }
  item(collection: number, name: string, revision: number): void {
    const key = `${collection}/${name}`;
    if (!this.#items.has(key)) this.#items.set(key, { collection, name, revision });
  }
  uid(uid: string, holder: HolderRow | undefined): void {
    if (!this.#uids.has(uid)) this.#uids.set(uid, holder);
  }
  collection(key: number, version: number): void {
    if (!this.#collections.has(key)) this.#collections.set(key, version);
  }
  absent(parent: number, segment: string): void {
    this.#absent.set(`${parent}/${segment}`, { parent, segment });
  }
  locks(count: number): void {
    this.#locks ??= count;
  }
  lockTokens(tokens: readonly string[]): void {
    this.#lockTokens ??= tokens;
  }

  get isEmpty(): boolean {
    return !this.#whole && this.#items.size === 0 && this.#uids.size === 0 && this.#collections.size === 0 && this.#absent.size === 0 && this.#locks === undefined;
  }

  set(): ReadSet {
    return {
      stamp: this.#stamp, whole: this.#whole, items: [...this.#items.values()], uids: [...this.#uids].map(([uid, holder]) => ({ uid, holder })),
      collections: [...this.#collections].map(([key, version]) => ({ key, version })), absent: [...this.#absent.values()], locks: this.#locks,
      ...(this.#lockTokens === undefined ? {} : { lockTokens: this.#lockTokens }),
    };
  }
}
