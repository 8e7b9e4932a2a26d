import { describe, expect, it } from 'vitest';
import type { CollectionId, HomeId } from '@kalends/contracts';
import { collectionId, collectionKey, homePrefix, newCollectionId, pathSegments, pathText, shardOfHome, shardOfId } from './identifiers.ts';

const home = 'id-amy' as HomeId;

describe('a collection\'s id', () => {
  it.each([[0, '0000000000000'], [1, '0000000000001'], [0xff_ffff, '0000000ffffff'], [0x100_0000, '0000001000000'], [2 ** 52 - 1, 'fffffffffffff']])('of key %i is %s, and back', (key, id) => {
    expect(collectionId(key)).toBe(id);
    expect(collectionKey(id as CollectionId)).toBe(key);
  });

  it('begins with its home\'s hash, so its shard is known without a look-up', () => {
    const id = newCollectionId(home);
    expect(id.startsWith(homePrefix(home))).toBe(true);
    expect(shardOfId(id, 16)).toBe(shardOfHome(home, 16));
    expect(collectionId(collectionKey(id))).toBe(id);
  });

  it('is no key where it was not made here', () => {
    expect(collectionKey('../etc/passwd' as CollectionId)).toBe(-1);
  });
});

it('keeps slashes inside segments apart from those between them', () => {
  for (const segments of [[], ['a'], ['a', 'b/c'], ['/']]) expect(pathSegments(pathText(segments))).toEqual(segments);
});
