/** A Map for keyv that forgets the least recently used entry: keyv's own memory store only grows. */
import { LRUCache } from 'lru-cache';

export class BoundedMap {
  readonly #entries: LRUCache<string, NonNullable<unknown>>;

  constructor(max: number) {
    this.#entries = new LRUCache({ max });
  }

  get(key: string): unknown {
    return this.#entries.get(key);
  }

  set(key: string, value: NonNullable<unknown>): this {
    this.#entries.set(key, value);
    return this;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  delete(key: string): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}
