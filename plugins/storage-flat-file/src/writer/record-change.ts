/**
 * The end of a change, under the lock: one `pending` row for each file that it leaves to be put in place or removed. Files whose content follows from rows (meta,
 * jobs, what was moved or copied) get their temps here, since only now is the content known.
 */
import { TempGone, uniqueName, type Effects, type ShardSession } from '@kalends/lib-shards';
import { makeDurableFolder, type FileOperations } from '../file-operations.ts';
import { sidecarName, type HomeLayout } from '../home-layout.ts';
import { newName, unlinkHome } from './home-link.ts';
import { pathOfRow } from './home-paths.ts';
import { jobsOctets, jobsOf, metaOctets, metaOf } from './meta-file.ts';
import { fileKey, ownerOfHome, putRow, rowOfFile, toPending, type PendingRow, type PendingSource, type ShardNotes } from './pending.ts';
import { removeFile, type PreparedFiles } from './prepare-change.ts';

export const rootOfHome = 'SELECT root FROM home WHERE key = ?';
export const bodyOfItem = 'SELECT b.octets, i.collection, i.name FROM item i LEFT JOIN body b ON b.item = i.id WHERE i.id = ?';
export const hasCollection = 'SELECT 1 FROM collection WHERE id = ?';
export const putRemoved = 'INSERT OR IGNORE INTO removed (id, home) VALUES (?, ?)';

/** The disk would not take an earlier version of the same file yet. */
export class FileStuck extends Error {
  override readonly name = 'FileStuck';
  readonly code = 'ENOSPC';
}

interface Wanted { readonly collection: number; readonly file: string; readonly kind: PendingRow['kind']; readonly source?: PendingSource; readonly subject?: string; readonly temp?: string }

export class Recording {
  readonly #files: FileOperations;
  readonly #layout: HomeLayout;
  readonly #shard: ShardSession;
  readonly #notes: ShardNotes;
  readonly #home: number;
  readonly #owner: string;
  readonly #wanted = new Map<string, Wanted>();
  readonly #made: string[] = [];
  readonly #superseded: string[] = [];
  #needsFlush = false;

  constructor(files: FileOperations, layout: HomeLayout, shard: ShardSession, notes: ShardNotes, home: number) {
    this.#files = files;
    this.#layout = layout;
    this.#shard = shard;
    this.#notes = notes;
    this.#home = home;
    this.#owner = ownerOfHome(shard.database, home) ?? '';
  }

  /** @throws TempGone */
  run(effects: Effects, prepared: PreparedFiles | undefined): void {
    try {
      if (prepared !== undefined) this.#checkTemps(prepared);
      this.#items(effects, prepared);
      this.#meta(effects);
      this.#sidecars(effects, prepared);
      const { named } = effects;
      if (named?.before !== undefined) unlinkHome(this.#files, this.#layout, { id: this.#owner, kind: named.kind, name: named.before });
      if (effects.tree) this.#want({ collection: this.#root(), file: '', kind: 'tree' });
      for (const key of effects.removedCollections) this.#shard.database.statement(putRemoved).run(key, this.#home);
      for (const change of effects.jobs) this.#jobs(change);
      if (this.#needsFlush) this.#files.flushFolder(this.#layout.temps(this.#owner));
      this.#save();
    } catch (error) {
      for (const path of this.#made) removeFile(this.#files, path);
      throw error;
    }
    const { group } = this.#notes;
    group.made.push(...this.#made);
    group.superseded.push(...this.#superseded);
    group.taken.push(...(prepared?.taken ?? []));
  }

  #checkTemps({ owner, temps, folders }: PreparedFiles): void {
    for (const path of [...[...temps.values()].map((temp) => this.#layout.temp(owner, temp)), ...folders]) {
      if (this.#files.stat(path) === undefined) throw new TempGone(`${path} was taken away`);
    }
  }

  #items({ files }: Effects, prepared: PreparedFiles | undefined): void {
    for (const effect of files) {
      const { collection, name } = effect;
      const file = this.#layout.itemFile(name);
      if (effect.kind === 'remove') this.#want({ collection, file, kind: 'remove' });
      else if (effect.kind === 'put') {
        const temp = prepared?.temps.get(effect.index);
        if (temp === undefined) throw new TempGone(`operation ${effect.index} has no temp`);
        this.#want({ collection, file, kind: 'put', source: prepared?.octets(effect.index) === undefined ? 'large' : 'body', subject: name, temp });
      } else this.#link(effect, file);
    }
  }

  /** By move or copy: small octets are written from the shard, large ones are another name of the same file, from its temp if it waits there still. */
  #link({ collection, name, item, from }: Extract<Effects['files'][number], { readonly kind: 'link' }>, file: string): void {
    const row = this.#shard.database.statement(bodyOfItem).get(item);
    const [octets] = row ?? [];
    if (octets instanceof Uint8Array) {
      this.#want({ collection, file, kind: 'put', source: 'body', subject: name, temp: this.#write(octets) });
      return;
    }
    const temp = uniqueName();
    const path = this.#layout.temp(this.#owner, temp);
    this.#files.link(this.#sourceOf(from.collection, this.#layout.itemFile(from.name)), path);
    this.#made.push(path);
    this.#needsFlush = true;
    this.#want({ collection, file, kind: 'put', source: 'large', subject: name, temp });
  }

  #sourceOf(collection: number, file: string): string {
    const wanted = this.#wanted.get(fileKey(collection, file));
    if (wanted?.temp !== undefined) return this.#layout.temp(this.#owner, wanted.temp);
    const row = this.#shard.database.statement(rowOfFile).get(collection, file);
    const pending = row === undefined ? undefined : toPending(row);
    if (pending?.temp !== undefined) {
      const waiting = this.#layout.temp(this.#owner, pending.temp);
      if (this.#files.stat(waiting) !== undefined) return waiting;
    }
    const place = pathOfRow(this.#shard.database, this.#layout, { number: 0, home: this.#home, collection, file, kind: 'put', source: 'large', subject: undefined, temp: undefined });
    if (place === undefined) throw new TempGone(`the folder of ${file} is gone`);
    return place.path;
  }

  #meta({ meta }: Effects): void {
    const seen = new Set<string>();
    for (const { collection, name } of meta) {
      const file = this.#layout.metaFile(name);
      if (seen.has(fileKey(collection, file))) continue;
      seen.add(fileKey(collection, file));
      const content = metaOf(this.#shard.database, collection, name, this.#layout.itemFile(name));
      if (content === undefined) this.#want({ collection, file, kind: 'remove' });
      else this.#want({ collection, file, kind: 'put', source: 'meta', subject: name, temp: this.#write(metaOctets(content)) });
    }
  }

  #sidecars({ sidecars, named }: Effects, prepared: PreparedFiles | undefined): void {
    for (const { collection, index } of sidecars) {
      const temp = prepared?.temps.get(index);
      // A new collection's sidecar came with its folder.
      if (temp === undefined) continue;
      if (this.#shard.database.statement(hasCollection).get(collection) === undefined) this.#superseded.push(this.#layout.temp(this.#owner, temp));
      else this.#want({ collection, file: sidecarName, kind: 'put', source: 'sidecar', temp, ...(named === undefined || collection !== this.#root() ? {} : { subject: newName }) });
    }
  }

  #jobs(change: string): void {
    const content = jobsOf(this.#shard.database, change);
    const file = this.#layout.jobsFile(change);
    if (content === undefined) this.#want({ collection: this.#root(), file, kind: 'remove' });
    else this.#want({ collection: this.#root(), file, kind: 'put', source: 'jobs', subject: change, temp: this.#write(jobsOctets(content)) });
  }

  #want(wanted: Wanted): void {
    const key = fileKey(wanted.collection, wanted.file);
    const before = this.#wanted.get(key);
    if (before?.temp !== undefined) this.#superseded.push(this.#layout.temp(this.#owner, before.temp));
    this.#wanted.set(key, wanted);
  }

  #save(): void {
    const { group, unfinished } = this.#notes;
    const stuck = [...this.#wanted.keys()].find((key) => unfinished.has(key) && !key.endsWith('/'));
    if (stuck !== undefined) throw new FileStuck(`an earlier version of ${stuck} could not be put in place yet`);
    for (const [key, { collection, file, kind, source, subject, temp }] of this.#wanted) {
      const { lastInsertRowid: number } = this.#shard.database.statement(putRow).run(this.#home, collection, file, kind, source ?? null, subject ?? null, temp ?? null);
      const older = group.rows.get(key);
      if (older?.temp !== undefined) this.#superseded.push(this.#layout.temp(this.#owner, older.temp));
      // Last in the map as well as in the table.
      group.rows.delete(key);
      group.rows.set(key, { number, home: this.#home, collection, file, kind, source, subject, temp });
    }
  }

  #write(octets: Uint8Array): string {
    const temp = uniqueName();
    const path = this.#layout.temp(this.#owner, temp);
    if (this.#files.stat(this.#layout.temps(this.#owner)) === undefined) makeDurableFolder(this.#files, this.#layout.root, this.#layout.temps(this.#owner));
    this.#files.writeNew(path, octets);
    this.#made.push(path);
    return temp;
  }

  #root(): number {
    return Number(this.#shard.database.statement(rootOfHome).get(this.#home)?.[0] ?? 0);
  }
}
