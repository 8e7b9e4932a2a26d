/** `state.sqlite`: what no file holds and nothing can make again. Records, leases, how often each owner's grants changed, and a copy of the locks. */
import type { Database } from './database.ts';
import { atMost } from './database.ts';

export const stateSchema = `
CREATE TABLE record (kind TEXT NOT NULL, key TEXT NOT NULL, version TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TABLE grants (owner TEXT PRIMARY KEY, revision INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE lease (name TEXT PRIMARY KEY, number INTEGER NOT NULL, holder TEXT NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE lock_copy (home TEXT NOT NULL, token TEXT NOT NULL, lock TEXT NOT NULL, expires INTEGER NOT NULL, PRIMARY KEY (home, token)) WITHOUT ROWID;
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
`;
const stateVersion = 1;

export function prepareState(database: Database): void {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  const version = (): number => Number(database.statement('PRAGMA user_version').get()?.[0] ?? 0);
  if (version() === stateVersion) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    if (version() === 0) database.exec(`${stateSchema}; PRAGMA user_version = ${stateVersion}`);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
  if (version() !== stateVersion) throw new Error(`${database.path} is of version ${version()}; this program reads ${stateVersion}`);
}

export const readGrants = 'SELECT revision FROM grants WHERE owner = ?';
export const readRecord = 'SELECT key, version, value FROM record WHERE kind = ? AND key = ?';
/** Of the first page: from a key on. */
export const listRecordsFrom = `SELECT key, version, value FROM record WHERE kind = ? AND key >= ? AND key < ? ORDER BY key ${atMost}`;
export const listRecords = `SELECT key, version, value FROM record WHERE kind = ? AND key > ? AND key < ? ORDER BY key ${atMost}`;
export const putRecord = 'INSERT INTO record (kind, key, version, value) VALUES (?, ?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET version = excluded.version, value = excluded.value';
export const dropRecord = 'DELETE FROM record WHERE kind = ? AND key = ?';
export const raiseGrants = 'INSERT INTO grants (owner, revision) VALUES (?, 1) ON CONFLICT (owner) DO UPDATE SET revision = revision + 1';
export const nextCounter = 'INSERT INTO counter (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value';
export const readLease = 'SELECT number, holder, until FROM lease WHERE name = ?';
export const putLease = 'INSERT INTO lease (name, number, holder, until) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET number = excluded.number, holder = excluded.holder, until = excluded.until';
export const renewLease = 'UPDATE lease SET until = ? WHERE name = ? AND number = ? AND holder = ?';
export const endLease = 'UPDATE lease SET until = 0 WHERE name = ? AND number = ? AND holder = ?';
export const putLockCopy = 'INSERT INTO lock_copy (home, token, lock, expires) VALUES (?, ?, ?, ?) ON CONFLICT (home, token) DO UPDATE SET lock = excluded.lock, expires = excluded.expires';
export const dropLockCopy = 'DELETE FROM lock_copy WHERE home = ? AND token = ?';
export const dropDeadLocks = 'DELETE FROM lock_copy WHERE home = ? AND expires <= ?';
export const lockCopies = 'SELECT lock FROM lock_copy WHERE home = ? AND expires > ?';
