/**
 * The reading side of bodies over 64 KiB: files, opened by the thread pool and checked against the row's size and inode, since a row and its file change one after
 * the other. Also where uploads are staged before a change takes them.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError, type Clock, type HomeId, type StagedBody } from '@kalends/contracts';
import { collectionId, newStagedId, ownerOf, text, type BodyFiles, type BodyPlace, type ShardReader, type StoreCounters } from '@kalends/lib-shards';
import { codeOf } from './file-operations.ts';
import { sidecarName, type HomeLayout } from './home-layout.ts';
import { parseSidecar } from './writer/sidecar.ts';

const chunkOctets = 65_536;
export const stagedPrefix = 'staged-';
const tempOfFile = `SELECT temp FROM pending WHERE collection = ? AND file = ? AND kind = 'put'`;
const placeOf = 'SELECT path, parent, segment, hidden FROM collection WHERE id = ?';

export class LargeBodies implements BodyFiles {
  readonly #layout: HomeLayout;
  readonly #clock: Clock;
  readonly #count: StoreCounters | undefined;

  constructor(layout: HomeLayout, clock: Clock, count: StoreCounters | undefined) {
    this.#layout = layout;
    this.#clock = clock;
    this.#count = count;
  }

  async read(reader: ShardReader, at: BodyPlace): Promise<Uint8Array | undefined> {
    const file = await this.#open(reader, at);
    if (file === undefined) return undefined;
    try {
      const body = new Uint8Array(at.row.size);
      for (let done = 0; done < body.byteLength;) {
        const { bytesRead } = await file.read(body, done, body.byteLength - done, done);
        if (bytesRead === 0) return undefined;
        done += bytesRead;
      }
      return body;
    } finally {
      await file.close();
    }
  }

  async open(reader: ShardReader, at: BodyPlace, octets: { readonly from: number; readonly to: number } | undefined): Promise<AsyncIterable<Uint8Array> | undefined> {
    const file = await this.#open(reader, at);
    if (file === undefined) return undefined;
    return stream(file, octets?.from ?? 0, Math.min(octets?.to ?? at.row.size, at.row.size));
  }

  async stage(home: HomeId, content: AsyncIterable<Uint8Array>, maxOctets: number): Promise<StagedBody> {
    const owner = ownerOf(home);
    const id = newStagedId(this.#clock.now());
    const path = this.#layout.temp(owner, stagedPrefix + id);
    await mkdir(this.#layout.temps(owner), { recursive: true, mode: 0o750 });
    const file = await open(path, 'wx', 0o640);
    const sha256 = createHash('sha256');
    let octets = 0;
    try {
      for await (const chunk of content) {
        octets += chunk.byteLength;
        if (octets > maxOctets) throw new StoreError('too-large', `more than ${maxOctets} octets`);
        sha256.update(chunk);
        await file.writeFile(chunk);
      }
      await file.sync();
    } catch (error) {
      await file.close();
      await unlink(path);
      throw codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT' ? new StoreError('no-space', 'the disk is full', { cause: error }) : error;
    }
    await file.close();
    return { id, octets, sha256: sha256.digest('hex') };
  }

  /** The file at its place, or where it waits for its rename. Undefined where neither is the one the row means. */
  async #open(reader: ShardReader, { owner, collection, name, row }: BodyPlace): Promise<FileHandle | undefined> {
    const folder = this.#folderOf(reader, owner, collection);
    const file = this.#layout.itemFile(name);
    const temp = text(reader.database.statement(tempOfFile).get(collection, file)?.[0]);
    for (const path of [...(temp === '' ? [] : [this.#layout.temp(owner, temp)]), join(folder, file)]) {
      const handle = await this.#openRight(path, row);
      if (handle !== undefined) return handle;
    }
    // Its folder is being moved this moment, or could not be moved yet: then it lies wherever a sidecar tells its id.
    for await (const place of foldersOf(this.#layout.home(owner), collectionId(collection))) {
      const handle = await this.#openRight(join(place, file), row);
      if (handle !== undefined) return handle;
    }
    return undefined;
  }

  async #openRight(path: string, row: BodyPlace['row']): Promise<FileHandle | undefined> {
    const handle = await openIfThere(path);
    if (handle === undefined) return undefined;
    if (this.#count !== undefined) this.#count.fileOpens += 1;
    const { size, ino } = await handle.stat();
    if (size === row.size && ino === row.inode) return handle;
    await handle.close();
    return undefined;
  }

  #folderOf(reader: ShardReader, owner: string, collection: number): string {
    const [path, parent, segment, hidden] = reader.database.statement(placeOf).get(collection) ?? [];
    if (typeof path === 'string') return join(this.#layout.home(owner), this.#layout.folder(path));
    // What was hidden itself lies in `.tmp` under its id, whatever became of the collection above it; the rest lies below that.
    if (hidden !== 2) return this.#layout.temp(owner, collection.toString(16).padStart(13, '0'));
    return join(this.#folderOf(reader, owner, Number(parent)), this.#layout.fileName(text(segment)));
  }
}

async function* stream(file: FileHandle, from: number, to: number): AsyncGenerator<Uint8Array> {
  try {
    for (let at = from; at < to;) {
      const chunk = new Uint8Array(Math.min(chunkOctets, to - at));
      const { bytesRead } = await file.read(chunk, 0, chunk.byteLength, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** Every folder below, and among those set aside in `.tmp`, whose sidecar tells this id. */
async function* foldersOf(folder: string, id: string): AsyncGenerator<string> {
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory() || (entry.name.startsWith('.') && entry.name !== '.tmp')) continue;
    const path = join(folder, entry.name);
    if (parseSidecar(await readFile(join(path, sidecarName)).catch(() => undefined))?.id === id) yield path;
    yield* foldersOf(path, id);
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
