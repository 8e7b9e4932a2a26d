/** The text of every statement that reads. Each stands in the test that asserts query plans: no SCAN, no temporary B-tree, the index that was meant. */
import type { ItemQuery } from '@kalends/contracts';
import { collectionColumns, homeColumns } from './collection-rows.ts';
import type { Value } from './database.ts';
import { atMost } from './database.ts';
import type { ItemPlan } from './item-columns.ts';

/** Home and every collection on the way, in one. `places`: how many segments the path has. */
export function locate(places: number): string {
  locates[places] ??= locateText(`(${Array.from({ length: places + 1 }, () => '?').join(', ')})`);
  return locates[places];
}
const locates: string[] = [];
const locateText = (places: string): string =>
  `SELECT ${homeColumns}, ${collectionColumns} FROM home h JOIN collection c ON c.home = h.key WHERE h.id = ? AND c.path IN ${places}`;
export const locateDeep = locateText('(SELECT value FROM json_each(?))');

export const home = `SELECT ${homeColumns} FROM home h WHERE h.id = ?`;
export const stamp = 'SELECT stamp, key FROM home WHERE id = ?';

const collectionsFrom = `SELECT ${collectionColumns}, h.id AS home_id, h.epoch FROM collection c JOIN home h ON h.key = c.home`;
export const collection = `${collectionsFrom} WHERE c.id = ?`;
export const collections = `${collectionsFrom} WHERE c.id IN (SELECT value FROM json_each(?))`;
export const child = `${collectionsFrom} WHERE c.parent = ? AND c.segment = ? AND c.hidden <> 1`;
export const children = `${collectionsFrom} WHERE c.parent = ? AND c.hidden <> 1 ORDER BY c.segment`;
export const below = `${collectionsFrom} WHERE c.home = (SELECT home FROM collection WHERE id = ?) AND c.path > ? AND c.path < ? ORDER BY c.path`;

const kept = <T extends { readonly columns: string }>(build: (plan: T, more: string) => string): ((plan: T, more?: string) => string) => {
  const texts = new Map<string, string>();
  return (plan, more = '') => {
    const key = plan.columns + more;
    let found = texts.get(key);
    if (found === undefined) {
      found = build(plan, more);
      texts.set(key, found);
    }
    return found;
  };
};
export const item = kept(({ columns, join }: ItemPlan) => `SELECT ${columns} FROM item i${join} WHERE i.collection = ? AND i.name = ?`);
export const revision = 'SELECT revision FROM item WHERE collection = ? AND name = ?';
export const items = kept(({ columns, join }: ItemPlan) => `SELECT ${columns} FROM item i${join} WHERE i.collection = ? AND i.name IN (SELECT value FROM json_each(?))`);
export const page = kept(({ columns, join }: ItemPlan) => `SELECT ${columns} FROM item i${join} WHERE i.collection = ? AND i.name > ? ORDER BY i.name ${atMost}`);
export const query = kept(({ columns, join }: ItemPlan, where) => `${where.split(or).map((each) => `SELECT ${columns} FROM item i${join} WHERE ${each}`).join(' UNION ALL ')} ${atMost}`);
export const queryIds = (where: string): string => where.split(or).map((each) => `SELECT i.id FROM item i WHERE ${each}`).join(' UNION ALL ');
export const itemsById = kept(({ columns, join }: ItemPlan) => `SELECT ${columns} FROM item i${join} WHERE i.id IN (SELECT value FROM json_each(?)) AND i.collection = ?`);

/** Between the two halves of a range query; each becomes a SELECT of its own. */
const or = ' OR-ELSE ';

/** Short items have a lower bound for their start, long ones are few: the cost is that of the answer, for an old month too. */
export function queryWhere(home: number, collection: number, { component, overlaps, uid }: ItemQuery, shortSeconds: number): { readonly where: string; readonly values: readonly Value[] } {
  const [andComponent, kind] = component === undefined ? ['', []] : [' AND +i.component = ?', [component]];
  if (uid !== undefined) {
    const [andRange, range] = overlaps === undefined ? ['', []] : [' AND i.lo < ? AND i.hi >= ?', [overlaps.end, overlaps.start]];
    return { where: `i.home = ? AND i.uid = ? AND +i.collection = ?${andRange}${andComponent}`, values: [home, uid, collection, ...range, ...kind] };
  }
  if (overlaps === undefined) return { where: `i.collection = ?${andComponent}`, values: [collection, ...kind] };
  const { start, end } = overlaps;
  const short = `i.collection = ? AND i.long = 0 AND i.lo > ? AND i.lo < ? AND i.hi >= ?${andComponent}`;
  const long = `i.collection = ? AND i.long = 1 AND i.lo < ? AND i.hi >= ?${andComponent}`;
  return { where: `${short}${or}${long}`, values: [collection, start - shortSeconds - 1, end, start, ...kind, collection, end, start, ...kind] };
}

/** Only collections of kind `calendar` that are not hidden hold a UID; what is in quarantine keeps its own. */
export const holder = `SELECT i.collection, i.name FROM item i JOIN collection c ON c.id = i.collection WHERE i.home = ? AND i.uid = ? AND c.kind = 'calendar' AND c.hidden = 0
  UNION ALL SELECT -i.collection, i.name FROM item i JOIN collection c ON c.id = -i.collection WHERE i.home = ? AND i.uid = ? AND i.collection < 0 AND c.kind = 'calendar' AND c.hidden = 0 LIMIT 1`;
export const quarantined = 'SELECT 1 FROM quarantine WHERE collection = ? AND name = ?';
export const quarantines = `SELECT q.collection, q.name, q.reason, c.path FROM quarantine q JOIN collection c ON c.id = q.collection WHERE (q.collection, q.name) > (?, ?) ORDER BY q.collection, q.name ${atMost}`;
export const locks = 'SELECT token, path, depth, scope, owner, owner_xml, expires FROM lock WHERE home = ?';

/** The collection's revision, and the one from which its home's log is whole. */
export const revisions = 'SELECT c.revision, h.floor FROM collection c JOIN home h ON h.key = c.home WHERE c.id = ?';
export const changedItems = kept(({ columns, join }: ItemPlan) =>
  `SELECT ${columns}, i.revision, i.collection FROM item i${join} WHERE i.collection = ? AND i.revision > ? AND i.revision <= ? ORDER BY i.revision ${atMost}`);
export const goneItems = `SELECT name, revision FROM gone WHERE collection = ? AND revision > ? AND revision <= ? ORDER BY revision ${atMost}`;
/** Not those in hidden collections: their path is NULL. */
export const changedHomeItems = kept(({ columns, join }: ItemPlan) =>
  `SELECT ${columns}, i.revision, i.collection FROM item i JOIN collection c ON c.id = i.collection${join} WHERE i.home = ? AND i.revision > ? AND i.revision <= ? AND c.path IS NOT NULL AND NOT (c.placed > ? AND i.revision <= c.placed) ORDER BY i.revision ${atMost}`);
export const goneHomeItems = `SELECT g.name, g.revision, c.path FROM gone g JOIN collection c ON c.id = g.collection
  WHERE g.home = ? AND g.revision > ? AND g.revision <= ? AND c.path IS NOT NULL AND c.placed <= ? ORDER BY g.revision ${atMost}`;
/** Collections that came to their path: all in them is as if made then. */
export const placedCollections = 'SELECT id, placed FROM collection WHERE home = ? AND revision > ? AND placed > ? AND placed <= ? AND path IS NOT NULL';
export const changedCollections = `${collectionsFrom} WHERE c.home = ? AND c.parent IS NOT NULL AND c.revision > ? AND c.revision <= ? AND c.path IS NOT NULL ORDER BY c.revision ${atMost}`;
export const goneCollections = `SELECT path, revision FROM gone_collection WHERE home = ? AND revision > ? AND revision <= ? ORDER BY revision ${atMost}`;

/** For the re-index job: facts of an older version, then those covered only up to some moment. Pages by row id within equal keys. */
const staleFrom = 'SELECT i.id, i.collection, i.name, i.facts_version, i.covered_end FROM item i JOIN collection c ON c.id = i.collection';
export const staleVersions = `${staleFrom} WHERE i.facts_version < ? AND (i.facts_version, i.covered_end, i.id) > (?, ?, ?) AND c.hidden = 0 ORDER BY i.facts_version, i.covered_end, i.id ${atMost}`;
export const staleCover = `${staleFrom} WHERE i.facts_version = ? AND i.covered_end < ? AND (i.covered_end, i.id) > (?, ?) AND c.hidden = 0 ORDER BY i.covered_end, i.id ${atMost}`;

export const body = 'SELECT i.etag, i.size, i.inode, b.octets FROM item i LEFT JOIN body b ON b.item = i.id WHERE i.collection = ? AND i.name = ?';
export const homes = `SELECT id, kind, name FROM home WHERE id > ? ORDER BY id ${atMost}`;
export const statistics = 'SELECT kind, homes, calendars, events, todos, octets FROM statistics';

export const dueKinds = 'SELECT kind, due FROM job WHERE due <= ? ORDER BY due LIMIT 1000';
export const heldJob = 'SELECT j.sequence, j.kind, j.payload, j.attempt, j.home, j.lane, h.id AS home_id FROM job j JOIN home h ON h.key = j.home WHERE j.id = ? AND j.holder = ? AND j.due > ?';
export const listJobs = `SELECT j.id, j.kind, j.payload, j.attempt, h.id AS home_id, j.due, j.reason FROM job j JOIN home h ON h.key = j.home WHERE j.id > ? ORDER BY j.id ${atMost}`;
