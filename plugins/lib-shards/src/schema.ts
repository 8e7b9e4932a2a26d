/**
 * The tables of a shard. A shard is an index: what cannot be made again from the files (flat-file store) is not here but in `state.sqlite`.
 *
 * No log of all changes: a planner that looks for "the older record of this name" walks it on every write. One record a name by construction instead: the item's
 * own revision, or its row in `gone`.
 */
import type { Database } from './database.ts';

export const schemaVersion = 1;

export const shardSchema = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE home (
  key INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, name TEXT NOT NULL,
  root INTEGER NOT NULL, epoch TEXT NOT NULL,
  stamp INTEGER NOT NULL,        -- grows with every commit that touches the home, visible or not
  used INTEGER NOT NULL,         -- octets of items and attachments
  locks INTEGER NOT NULL, calendars INTEGER NOT NULL,
  tombstones INTEGER NOT NULL, floor INTEGER NOT NULL  -- the log is whole for what came after revision "floor"
);
CREATE TABLE collection (
  id INTEGER PRIMARY KEY, home INTEGER NOT NULL, parent INTEGER, segment TEXT NOT NULL, path TEXT,  -- path: NULL once hidden
  kind TEXT NOT NULL, hidden INTEGER NOT NULL,  -- 1 the hidden collection, 2 below one
  revision INTEGER NOT NULL, placed INTEGER NOT NULL,  -- placed: when it came to its path
  created INTEGER NOT NULL, modified INTEGER NOT NULL, acl_revision INTEGER NOT NULL,
  version INTEGER NOT NULL,      -- grows with its own row's content, not with what is below
  items INTEGER NOT NULL, items_with_acl INTEGER NOT NULL,
  properties TEXT NOT NULL, personal TEXT NOT NULL, acl TEXT NOT NULL,
  noted_revision INTEGER NOT NULL DEFAULT 0, noted_inode INTEGER NOT NULL DEFAULT 0  -- of the sidecar, at the last checkpoint
);
CREATE UNIQUE INDEX collection_path ON collection (home, path);
CREATE UNIQUE INDEX collection_child ON collection (parent, segment) WHERE hidden <> 1;
CREATE INDEX collection_parent ON collection (parent);
CREATE INDEX collection_revision ON collection (home, revision);

CREATE TABLE item (
  id INTEGER PRIMARY KEY AUTOINCREMENT, home INTEGER NOT NULL, collection INTEGER NOT NULL, name TEXT NOT NULL, etag TEXT NOT NULL, component TEXT,
  uid TEXT, type TEXT NOT NULL, schedule_tag TEXT, size INTEGER NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL, revision INTEGER NOT NULL,
  long INTEGER, lo INTEGER, hi INTEGER,
  facts_version INTEGER, covered_start INTEGER, covered_end INTEGER, flags INTEGER, organizer TEXT, occurrences BLOB, slices BLOB,
  extras INTEGER NOT NULL,       -- bits: 1 acl, 2 dead properties, 4 attachments, 8 personal rows
  inode INTEGER                  -- of the file, where the body lies in no table
);
CREATE INDEX item_name ON item (collection, name, etag, component);
CREATE INDEX item_revision ON item (collection, revision);
CREATE INDEX item_home_revision ON item (home, revision);
CREATE INDEX item_range ON item (collection, long, lo, hi) WHERE lo IS NOT NULL;
CREATE INDEX item_uid ON item (home, uid) WHERE uid IS NOT NULL;
CREATE INDEX item_stale ON item (facts_version, covered_end) WHERE facts_version IS NOT NULL;

CREATE TABLE body (item INTEGER PRIMARY KEY, octets BLOB NOT NULL);
CREATE TABLE extra (item INTEGER PRIMARY KEY, acl TEXT, dead TEXT);
CREATE TABLE attachment (
  item INTEGER NOT NULL, managed_id TEXT NOT NULL, id TEXT NOT NULL, octets INTEGER NOT NULL, sha256 TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, rid TEXT,
  PRIMARY KEY (item, managed_id)
) WITHOUT ROWID;
CREATE TABLE personal (
  item INTEGER NOT NULL, principal TEXT NOT NULL, number INTEGER NOT NULL, patch BLOB NOT NULL,
  version INTEGER NOT NULL, lo INTEGER NOT NULL, hi INTEGER NOT NULL, covered_start INTEGER NOT NULL, covered_end INTEGER NOT NULL,
  flags INTEGER NOT NULL, organizer TEXT, occurrences BLOB NOT NULL, slices BLOB NOT NULL,
  PRIMARY KEY (item, principal)
) WITHOUT ROWID;

CREATE TABLE gone (
  home INTEGER NOT NULL, collection INTEGER NOT NULL, name TEXT NOT NULL, revision INTEGER NOT NULL, time INTEGER NOT NULL,
  PRIMARY KEY (collection, name)
) WITHOUT ROWID;
CREATE INDEX gone_revision ON gone (collection, revision);
CREATE INDEX gone_home_revision ON gone (home, revision);
CREATE TABLE gone_collection (home INTEGER NOT NULL, path TEXT NOT NULL, revision INTEGER NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (home, path)) WITHOUT ROWID;
CREATE INDEX gone_collection_revision ON gone_collection (home, revision);

CREATE TABLE lock (
  home INTEGER NOT NULL, token TEXT NOT NULL, path TEXT NOT NULL, depth TEXT NOT NULL, scope TEXT NOT NULL, owner TEXT NOT NULL, owner_xml TEXT NOT NULL,
  expires INTEGER NOT NULL, PRIMARY KEY (home, token)
) WITHOUT ROWID;

CREATE TABLE job (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, home INTEGER NOT NULL, kind TEXT NOT NULL, payload TEXT NOT NULL,
  lane TEXT, collapse INTEGER NOT NULL,
  due INTEGER NOT NULL,          -- milliseconds; the later of notBefore and the end of a lease
  attempt INTEGER NOT NULL, holder TEXT, reason TEXT,
  change TEXT NOT NULL           -- jobs of one change share one file
);
CREATE INDEX job_due ON job (due);
CREATE INDEX job_lane ON job (home, lane, sequence) WHERE lane IS NOT NULL;
CREATE INDEX job_change ON job (change);
CREATE INDEX job_home ON job (home);

CREATE TABLE statistics (kind TEXT PRIMARY KEY, homes INTEGER NOT NULL, calendars INTEGER NOT NULL, events INTEGER NOT NULL, todos INTEGER NOT NULL, octets INTEGER NOT NULL) WITHOUT ROWID;

-- What lies in quarantine keeps its row, under the negative of its collection's key: no listing, no query, no sync finds it there.
CREATE TABLE quarantine (home INTEGER NOT NULL, collection INTEGER NOT NULL, name TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (collection, name)) WITHOUT ROWID;

CREATE TABLE removed (id INTEGER PRIMARY KEY, home INTEGER NOT NULL);  -- collections whose folders are still to be thrown away
CREATE INDEX removed_home ON removed (home);

CREATE TABLE pending (
  number INTEGER PRIMARY KEY AUTOINCREMENT, home INTEGER NOT NULL, collection INTEGER NOT NULL, file TEXT NOT NULL,
  kind TEXT NOT NULL,            -- put, remove, tree
  source TEXT,                   -- what the file holds: body, large, meta, sidecar, jobs
  subject TEXT,                  -- item name, or change of the jobs
  temp TEXT
);
CREATE UNIQUE INDEX pending_file ON pending (collection, file);
CREATE INDEX pending_home ON pending (home);
`;

/** Makes the tables of a new shard; one of another version is refused, since a shard can always be made again. */
export function prepareShard(database: Database): void {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0');
  const version = (): number => Number(database.statement('PRAGMA user_version').get()?.[0] ?? 0);
  if (version() === schemaVersion) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    if (version() === 0) database.exec(`${shardSchema}; PRAGMA user_version = ${schemaVersion}`);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
  if (version() !== schemaVersion) throw new Error(`${database.path} is of version ${version()}; this program reads ${schemaVersion}: remove the index, it will be made again`);
}
