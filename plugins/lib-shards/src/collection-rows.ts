/** Homes and collections from rows. Parsed properties and lists are kept by their text, so that a poll parses nothing; the text decides, so nothing is ever stale. */
import type { Ace, Collection, Home, HomeOwner, PrincipalId, Revision } from '@kalends/contracts';
import { collectionId, homeIdOf } from './identifiers.ts';
import type { Row, Value } from './database.ts';
import { integer, text } from './database.ts';
import { toMap } from './item-columns.ts';

export const collectionColumns = 'c.id, c.parent, c.segment, c.kind, c.revision, c.acl_revision, c.created, c.modified, c.items_with_acl, c.properties, c.personal, c.acl, c.path, c.version, c.items, c.hidden';
export const homeColumns = 'h.key, h.id AS home_id, h.kind AS home_kind, h.name, h.root, h.epoch, h.stamp, h.used, h.locks, h.calendars';

/** A home's row, with what the store needs and the contract does not show. */
export interface HomeRow {
  readonly key: number; readonly owner: PrincipalId; readonly kind: HomeOwner['kind']; readonly name: string; readonly root: number; readonly epoch: string;
  readonly stamp: number; readonly used: number; readonly locks: number; readonly calendars: number;
}
export interface CollectionRow { readonly collection: Collection; readonly key: number; readonly path: string | undefined; readonly version: number; readonly items: number; readonly hidden: number }

export function toHomeRow(row: Row, at = 0): HomeRow {
  return {
    key: integer(row[at]), owner: text(row[at + 1]) as PrincipalId, kind: text(row[at + 2]) as HomeOwner['kind'], name: text(row[at + 3]), root: integer(row[at + 4]),
    epoch: text(row[at + 5]), stamp: integer(row[at + 6]), used: integer(row[at + 7]), locks: integer(row[at + 8]), calendars: integer(row[at + 9]),
  };
}

export function toHome(row: HomeRow, root: Collection, grantsRevision: number): Home {
  return { id: homeIdOf(row.owner), owner: row.owner, root, usedOctets: row.used, locks: row.locks, grantsRevision };
}

export function toCollectionRow(row: Row, home: PrincipalId, epoch: string, at = 0): CollectionRow {
  const parent = row[at + 1];
  const key = integer(row[at]);
  const path = row[at + 12];
  return {
    key, path: typeof path === 'string' ? path : undefined, version: integer(row[at + 13]), items: integer(row[at + 14]), hidden: integer(row[at + 15]),
    collection: {
      id: collectionId(key), home: homeIdOf(home), parent: parent === null || parent === undefined ? undefined : collectionId(integer(parent)), segment: text(row[at + 2]),
      kind: text(row[at + 3]), revision: integer(row[at + 4]) as Revision, aclRevision: integer(row[at + 5]) as Revision, created: integer(row[at + 6]),
      modified: integer(row[at + 7]), itemsWithAcl: integer(row[at + 8]), epoch, properties: kept(row[at + 9], propertyMaps, toMap),
      personal: kept(row[at + 10], personalMaps, toPersonal), acl: kept(row[at + 11], aclLists, (json) => JSON.parse(json) as readonly Ace[]),
    },
  };
}

export function personalText(personal: Collection['personal']): string {
  return JSON.stringify(Object.fromEntries([...personal].map(([principal, values]) => [principal, Object.fromEntries(values)])));
}

function toPersonal(json: string): Collection['personal'] {
  const parsed = JSON.parse(json) as Record<string, Record<string, string>>;
  return new Map(Object.entries(parsed).map(([principal, values]) => [principal as PrincipalId, new Map(Object.entries(values))]));
}

const propertyMaps = new Map<string, ReadonlyMap<string, string>>();
const personalMaps = new Map<string, Collection['personal']>();
const aclLists = new Map<string, readonly Ace[]>();
/** Entries of each of the three; the texts are a few hundred octets. */
const keptTexts = 4_000;

function kept<T>(value: Value | undefined, from: Map<string, T>, parse: (json: string) => T): T {
  const json = text(value);
  let found = from.get(json);
  if (found === undefined) {
    found = parse(json);
    if (from.size >= keptTexts) from.clear();
    if (json.length <= 16_384) from.set(json, found);
  }
  return found;
}
