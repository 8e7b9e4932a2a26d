/** Rows of `pending`: files that a committed change still has to put in place or take away, and homes whose folders are to be put right. One row a file. */
import { integer, maybeText, text, type Database, type Row } from '@kalends/lib-shards';

/** What a file holds, and so from what it can be written again: `large` only from its flushed temp, all else from the shard. */
export type PendingSource = 'body' | 'large' | 'meta' | 'sidecar' | 'jobs';

export interface PendingRow {
  readonly number: number; readonly home: number; readonly collection: number;
  /** From the collection's folder; empty for a tree. */ readonly file: string;
  readonly kind: 'put' | 'remove' | 'tree';
  readonly source: PendingSource | undefined;
  /** The item's name, the change whose jobs these are, or `newName`. */ readonly subject: string | undefined;
  /** A name in the home's `.tmp`. */ readonly temp: string | undefined;
}

export const columns = 'number, home, collection, file, kind, source, subject, temp';
export const rowsAfter = `SELECT ${columns} FROM pending WHERE number > ? ORDER BY number`;
export const rowByNumber = `SELECT ${columns} FROM pending WHERE number = ?`;
export const rowOfFile = `SELECT ${columns} FROM pending WHERE collection = ? AND file = ?`;
export const firstNumber = 'SELECT number FROM pending ORDER BY number LIMIT 1';
export const putRow = 'INSERT OR REPLACE INTO pending (home, collection, file, kind, source, subject, temp) VALUES (?, ?, ?, ?, ?, ?, ?)';
export const dropRow = 'DELETE FROM pending WHERE number = ?';
export const tempsOfHome = 'SELECT temp FROM pending WHERE home = ? AND temp IS NOT NULL';

export function toPending([number, home, collection, file, kind, source, subject, temp]: Row): PendingRow {
  return {
    number: integer(number), home: integer(home), collection: integer(collection), file: text(file), kind: text(kind) as PendingRow['kind'],
    source: maybeText(source) as PendingSource | undefined, subject: maybeText(subject), temp: maybeText(temp),
  };
}

export const fileKey = (collection: number, file: string): string => `${collection}/${file}`;

/** What this process knows of a shard's rows. */
export class ShardNotes {
  /** All rows up to this number were carried out, or are in `unfinished`. */ seen = 0;
  /** Rows whose file work failed, by file: tried again under each lock; until then changes to the file are refused. */
  readonly unfinished = new Map<string, PendingRow>();
  /** The group that is being applied. */ group = newGroup();
  /** Rows added since the last checkpoint. */ waiting = 0;
  /** The lowest row at the last look: rows that stay belong to a process that died. */ lowest = 0;
  /** When temps were last swept, by home. */ readonly swept = new Map<number, number>();
}

export interface Group {
  /** The last row of each file. */ readonly rows: Map<string, PendingRow>;
  /** Temps that a later change of the group made worthless, as paths. */ readonly superseded: string[];
  /** Temps that were made under the lock, as paths: to remove if the transaction does not come about. */ readonly made: string[];
  /** Staged files that are taken. */ readonly taken: string[];
}
export function newGroup(): Group {
  return { rows: new Map(), superseded: [], made: [], taken: [] };
}

/** The owner's id: what the home's folder is called after. */
export function ownerOfHome(database: Database, home: number): string | undefined {
  return maybeText(database.statement('SELECT id FROM home WHERE key = ?').get(home)?.[0]);
}
