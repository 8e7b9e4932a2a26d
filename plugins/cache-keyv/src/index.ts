/**
 * The `cache` point over keyv. One process's memory: keys hold a revision or a content hash, so nothing is ever invalidated and processes need not agree.
 */
import { cache } from '@kalends/contracts';
import type { Cache } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import Keyv from 'keyv';
import { z } from 'zod';
import { BoundedMap } from './bounded-map.ts';

const config = z.strictObject({
  entries: z.number().int().min(16).max(10_000_000).default(20_000).describe('How many values are kept; the least recently used goes first.'),
});

export class KeyvCache implements Cache {
  readonly #keyv: Keyv;

  constructor(keyv: Keyv) {
    this.#keyv = keyv;
  }

  get<T>(key: string): Promise<T | undefined> {
    return this.#keyv.get<T>(key);
  }

  async set<T>(key: string, value: T, ttlMilliseconds: number): Promise<void> {
    await this.#keyv.set(key, value, ttlMilliseconds);
  }
}

export default definePlugin({
  name: '@kalends/cache-keyv',
  api: 1,
  summary: 'Cache in the memory of each process, over keyv.',
  config,
  provides: { cache },
  requires: {},
  setup({ config }) {
    // No (de)serialisation: values live in this process and nobody edits what a cache gave.
    const keyv = new Keyv({ store: new BoundedMap(config.entries), useKeyPrefix: false });
    keyv.serialize = undefined;
    keyv.deserialize = undefined;
    return { cache: new KeyvCache(keyv) };
  },
});
