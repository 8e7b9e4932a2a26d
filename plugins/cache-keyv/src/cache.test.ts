import type { Logger } from '@kalends/kernel';
import { describe, expect, it } from 'vitest';
import plugin from './index.ts';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
async function cacheOf(entries: number) {
  const lifecycle = { onStart() {}, onStop() {}, health() {} };
  return (await plugin.setup({ config: { entries }, deps: {}, log: silent, lifecycle })).cache;
}

describe('cache-keyv', () => {
  it('gives back what was set, the same object, and undefined for the rest', async () => {
    const cache = await cacheOf(16);
    const value = { list: new Map([[1, 2]]) };
    await cache.set('k', value, 10_000);
    expect(await cache.get('k')).toBe(value);
    expect(await cache.get('other')).toBeUndefined();
  });

  it('forgets after the time it was told', async () => {
    const cache = await cacheOf(16);
    await cache.set('k', 1, 5);
    await new Promise((resolve) => { setTimeout(resolve, 30); });
    expect(await cache.get('k')).toBeUndefined();
  });

  it('keeps to its size, the least recently used first to go', async () => {
    const cache = await cacheOf(16);
    for (let i = 0; i < 17; i++) {
      await cache.set(`k${String(i)}`, i, 10_000);
      await cache.get('k0');
    }
    expect(await cache.get('k0')).toBe(0);
    expect(await cache.get('k1')).toBeUndefined();
  });
});
