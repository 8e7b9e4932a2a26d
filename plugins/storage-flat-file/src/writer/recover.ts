/**
 * After the machine itself restarted: files that were never flushed may be torn, empty or old, so whatever the shard can write again is written again, and the temp
 * that its row names is deleted before anybody trusts it. Bodies over 64 KiB come from their temps, which were flushed. Under the shard's lock, in the transaction
 * that then notes the new boot id.
 */
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { uniqueName, type Database } from '@kalends/lib-shards';
import { makeDurableFolder, type FileOperations } from '../file-operations.ts';
import type { HomeLayout } from '../home-layout.ts';
import { pathOfRow } from './home-paths.ts';
import { jobsOctets, jobsOf, metaOctets, metaOf } from './meta-file.ts';
import { rowsAfter, toPending, type PendingRow } from './pending.ts';
import { removeFile } from './prepare-change.ts';
import { sidecarOctets, sidecarOf } from './sidecar.ts';

export const bodyByName = 'SELECT b.octets FROM item i JOIN body b ON b.item = i.id WHERE i.collection = ? AND i.name = ?';
export const setTemp = 'UPDATE pending SET temp = ? WHERE number = ?';

/** The same as long as the machine runs. */
export function bootIdentity(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    // Elsewhere: the minute it started in. A false alarm only writes files again that were right.
    return `started-${Math.round((Date.now() / 1000 - uptime()) / 60)}`;
  }
}

/** Every row gets a fresh temp, flushed; `catchUp` then renames them like any other's. */
export function rewritePending(files: FileOperations, layout: HomeLayout, database: Database): void {
  for (const row of database.statement(rowsAfter).all(0).map(toPending)) {
    const place = pathOfRow(database, layout, row);
    if (row.kind !== 'put' || place === undefined) continue;
    const octets = octetsAgain(database, layout, row);
    if (octets === undefined) continue;
    const temp = uniqueName();
    makeDurableFolder(files, layout.root, layout.temps(place.owner));
    files.writeNew(layout.temp(place.owner, temp), octets);
    files.flush(layout.temp(place.owner, temp));
    if (row.temp !== undefined) removeFile(files, layout.temp(place.owner, row.temp));
    database.statement(setTemp).run(temp, row.number);
  }
}

/** Undefined: only the flushed temp, or the place, has them. */
function octetsAgain(database: Database, layout: HomeLayout, { source, collection, subject }: PendingRow): Uint8Array | undefined {
  switch (source) {
    case 'body': {
      const octets = database.statement(bodyByName).get(collection, subject ?? '')?.[0];
      return octets instanceof Uint8Array ? octets : undefined;
    }
    case 'meta': {
      const meta = metaOf(database, collection, subject ?? '', layout.itemFile(subject ?? ''));
      return meta === undefined ? undefined : metaOctets(meta);
    }
    case 'sidecar': {
      const known = sidecarOf(database, collection);
      return known === undefined ? undefined : sidecarOctets(known.sidecar);
    }
    case 'jobs': {
      const jobs = jobsOf(database, subject ?? '');
      return jobs === undefined ? undefined : jobsOctets(jobs);
    }
    default: return undefined;
  }
}
