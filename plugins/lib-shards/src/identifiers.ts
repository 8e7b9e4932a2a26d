/**
 * Ids that say where their row lies. A home's id is its owner's; a collection's and a job's begin with four hex digits of the hash of that, from which the shard
 * follows without a look-up. Ids are random beyond that and never used again.
 */
import { hash, randomBytes } from 'node:crypto';
import type { CollectionId, HomeId, JobId, PrincipalId } from '@kalends/contracts';

export const homeIdOf = (owner: PrincipalId): HomeId => owner as string as HomeId;
export const ownerOf = (home: HomeId): PrincipalId => home as string as PrincipalId;

/** Sixteen bits of the home's hash, as four hex digits. */
export function homePrefix(home: HomeId): string {
  const known = prefixes.get(home);
  if (known !== undefined) return known;
  const prefix = hash('sha256', home).slice(0, 4);
  if (prefixes.size > 20_000) prefixes.clear();
  prefixes.set(home, prefix);
  return prefix;
}
const prefixes = new Map<HomeId, string>();

export const shardOfHome = (home: HomeId, shards: number): number => Number.parseInt(homePrefix(home), 16) % shards;
export const shardOfId = (id: CollectionId | JobId, shards: number): number => (Number.parseInt(id.slice(0, 4), 16) || 0) % shards;

/** 13 hex digits: 16 bits of the home, 36 random ones. As a number they are the collection's key in every table. */
export function newCollectionId(home: HomeId): CollectionId {
  return `${homePrefix(home)}${randomBytes(5).toString('hex').slice(1)}` as CollectionId;
}
/** May a collection of this home have this id? */
export const shardPrefixMatches = (id: string, home: HomeId): boolean => /^[0-9a-f]{13}$/.test(id) && id.startsWith(homePrefix(home));
export const collectionKey = (id: CollectionId): number => (/^[0-9a-f]{13}$/.test(id) ? Number.parseInt(id, 16) : -1);
/** In two halves that are small integers: the digits of a large number are worked out one by one, in floating point. */
export function collectionId(key: number): CollectionId {
  const high = Math.floor(key / 0x100_0000);
  return (high.toString(16).padStart(7, '0') + (key - high * 0x100_0000).toString(16).padStart(6, '0')) as CollectionId;
}

export const newJobId = (home: HomeId): JobId => `${homePrefix(home)}${randomBytes(10).toString('hex')}` as JobId;
export const newEpoch = (): string => randomBytes(6).toString('hex');
/** A file name that nobody used before. */
export const uniqueName = (): string => `${ownPrefix}${(named++).toString(16).padStart(8, '0')}`;
/** Of this thread; it never lives twice. */
const ownPrefix = randomBytes(8).toString('hex');
let named = 0;

/** The decoded path below the home as one text: segments joined by `/`, a `/` inside one as U+0001, which no segment may hold. */
export const pathText = (segments: readonly string[]): string => segments.map((segment) => (segment.includes('/') ? segment.replaceAll('/', '\u0001') : segment)).join('/');
export const pathSegments = (path: string): readonly string[] => (path === '' ? [] : path.split('/').map((segment) => segment.replaceAll('\u0001', '/')));

/** Of octets that wait for a change; tells when they came. */
export const newStagedId = (nowMilliseconds: number): string => `${Math.floor(nowMilliseconds / 1000).toString(36)}-${uniqueName()}`;
const stagedSeconds = 3_600;
export function isForgotten(stagedId: string, nowMilliseconds: number): boolean {
  return !/^[0-9a-z]+-[0-9a-f]{24}$/.test(stagedId) || nowMilliseconds / 1000 - Number.parseInt(stagedId, 36) >= stagedSeconds;
}

export const pathBelow = (path: string | undefined, segment: string): string => (path === undefined || path === '' ? pathText([segment]) : `${path}/${pathText([segment])}`);
