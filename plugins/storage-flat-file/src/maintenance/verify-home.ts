/** Reads everything below a home and compares octets, copies, index and files with one another. Changes nothing; what it suggests is for people to decide. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { StoreError, type Batches, type Finding, type HomeId, type Item, type ItemName } from '@kalends/contracts';
import { collectionKey, etagOf, ownerOf, pathSegments, shardOfHome, type CollectionRow } from '@kalends/lib-shards';
import { fromFileName } from '../file-names.ts';
import { codeOf } from '../file-operations.ts';
import type { UpkeepOptions } from './flat-file-upkeep.ts';

export async function* verifyHome(options: UpkeepOptions, home: HomeId, signal: AbortSignal): Batches<Finding> {
  const { reads, shards, port } = options;
  const shard = shardOfHome(home, shards);
  signal.throwIfAborted();
  await port.task(shard, 'settle', undefined);
  const rows = await reads.read(shard, (reader) => {
    const row = reader.home(ownerOf(home));
    const root = row === undefined ? undefined : reader.collection(row.root);
    return root === undefined ? undefined : [root, ...reader.below(root)];
  });
  if (rows === undefined) throw new StoreError('not-found', 'there is no such home');
  for (const row of rows) {
    signal.throwIfAborted();
    yield* verifyCollection(options, ownerOf(home), row, signal);
  }
}

async function* verifyCollection({ store, layout, itemReader, reads, shards }: UpkeepOptions, owner: string, row: CollectionRow, signal: AbortSignal): Batches<Finding> {
  const { collection, path = '' } = row;
  const folder = join(layout.home(owner), layout.folder(path));
  const segments = pathSegments(path);
  const finding = (name: ItemName, problem: string, repair?: string): Finding => ({ at: { collection: collection.id, name }, path: [...segments, name], problem, repair });
  const known = new Set<string>();
  for await (const batch of store.listItems(collection.id, { meta: true, body: true })) {
    const found: Finding[] = [];
    for (const item of batch) {
      signal.throwIfAborted();
      known.add(layout.itemFile(item.name));
      const problem = await problemOf(item, join(folder, layout.itemFile(item.name)), itemReader);
      // It may have changed between its row and its file.
      const now = problem === undefined ? undefined : await store.findItem(collection.id, item.name, {});
      if (problem !== undefined && now?.etag === item.etag) found.push(finding(item.name, problem.text, problem.repair));
      await setImmediate();
    }
    if (found.length > 0) yield found;
  }
  const quarantined = (name: ItemName): Promise<boolean> => reads.read(shardOfHome(collection.home, shards), (reader) => reader.isQuarantined(collectionKey(collection.id), name));
  const strays: Finding[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const name = entry.isFile() && !entry.name.startsWith('.') && !known.has(entry.name) ? fromFileName(entry.name) as ItemName | undefined : undefined;
    if (name === undefined || await quarantined(name) || await store.findItem(collection.id, name, {}) !== undefined) continue;
    strays.push(finding(name, 'a file that no row knows', 'rescan the home to take it in, or remove the file'));
  }
  if (strays.length > 0) yield strays;
}

async function problemOf(item: Item, path: string, reader: UpkeepOptions['itemReader']): Promise<{ readonly text: string; readonly repair?: string } | undefined> {
  const body = item.body ?? new Uint8Array(0);
  if (etagOf(createHash('sha256').update(body).digest()) !== item.etag) return { text: 'octets and ETag do not agree' };
  const read = item.component === undefined ? undefined : reader.read(body);
  if (read !== undefined && 'problem' in read) return { text: read.problem, repair: 'quarantine it, repair the octets, release it' };
  try {
    const { size } = await stat(path);
    if (size !== body.byteLength || !(await readFile(path)).equals(body)) return { text: 'the file has other octets than the index', repair: 'put the item again, or rescan the home to believe the file' };
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return { text: 'its file is missing', repair: 'put the item again' };
  }
  return undefined;
}

