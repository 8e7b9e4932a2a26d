/**
 * Reads a home back from its folder: sidecars, files, jobs. Derives facts through the ItemReader; what that refuses, and the older of two files with one UID, is
 * marked for quarantine. Asynchronous and in slices, for it runs beside requests. Changes nothing.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { ItemFacts, ItemReader } from '@kalends/contracts';
import { etagOf } from '@kalends/lib-shards';
import { fromFileName } from './file-names.ts';
import { codeOf } from './file-operations.ts';
import { jobsFolder, metaFolder, sidecarName } from './home-layout.ts';
import { calendarType, parseMeta, plainType, type ItemMetaFile, type JobFile } from './writer/meta-file.ts';
import { bodyLimit } from './writer/prepare-change.ts';
import { parseSidecar, type Sidecar } from './writer/sidecar.ts';

export interface ScannedCollection { readonly sidecar: Sidecar; readonly parent: string | undefined; readonly inode: number }
export interface ScannedItem {
  /** The collection's id. */ readonly collection: string; readonly name: string;
  readonly etag: string; readonly size: number; readonly modified: number; readonly inode: number;
  readonly type: string; readonly component: string | undefined; readonly uid: string | undefined; readonly facts: ItemFacts | undefined;
  /** Undefined: stays in its file. */ readonly body: Uint8Array | undefined;
  readonly meta: ItemMetaFile | undefined;
  /** Why it belongs into quarantine. */ readonly problem: string | undefined;
}
export interface ScannedHome {
  readonly collections: readonly ScannedCollection[]; readonly items: readonly ScannedItem[];
  readonly jobs: readonly (JobFile & { readonly change: string })[];
}

const objectKinds = new Set(['calendar', 'inbox']);

/** Undefined where the folder does not tell that it is this owner's. */
export async function scanHome(folder: string, owner: string, reader: ItemReader): Promise<ScannedHome | undefined> {
  const root = parseSidecar(await readIfThere(join(folder, sidecarName)));
  if (root?.owner?.id !== owner) return undefined;
  const scan = new Scan(reader);
  await scan.collection(folder, root, undefined);
  return { collections: scan.collections, items: settleUids(scan), jobs: await scanJobs(join(folder, jobsFolder)) };
}

class Scan {
  readonly collections: ScannedCollection[] = [];
  readonly items: ScannedItem[] = [];
  readonly #reader: ItemReader;
  readonly #ids = new Set<string>();

  constructor(reader: ItemReader) {
    this.#reader = reader;
  }

  async collection(folder: string, sidecar: Sidecar, parent: string | undefined): Promise<void> {
    // A copy of a folder has its id: the first one that is met counts.
    if (this.#ids.has(sidecar.id)) return;
    this.#ids.add(sidecar.id);
    this.collections.push({ sidecar, parent, inode: (await stat(join(folder, sidecarName))).ino });
    for (const entry of (await readdir(folder, { withFileTypes: true })).sort((left, right) => (left.name < right.name ? -1 : 1))) {
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) {
        const below = parseSidecar(await readIfThere(join(folder, entry.name, sidecarName)));
        if (below !== undefined) await this.collection(join(folder, entry.name), withSegment(below, entry.name), sidecar.id);
      } else if (entry.isFile()) {
        await this.#item(folder, entry.name, sidecar);
        if (this.items.length % 16 === 0) await setImmediate();
      }
    }
  }

  async #item(folder: string, file: string, { id, kind }: Sidecar): Promise<void> {
    const path = join(folder, file);
    const meta = parseMeta(await readIfThere(join(folder, metaFolder, `${file}.json`)));
    const name = fromFileName(file) ?? meta?.name;
    if (name === undefined) return;
    const { size, ino, mtimeMs } = await stat(path);
    const isObject = objectKinds.has(kind) || meta?.component !== undefined;
    const body = size <= bodyLimit || isObject ? await readFile(path) : undefined;
    const etag = body === undefined ? await etagOfFile(path) : etagOf(createHash('sha256').update(body).digest());
    const common = { collection: id, name, etag, size, modified: Math.floor(mtimeMs / 1000), inode: ino, body: size <= bodyLimit ? body : undefined, meta };
    if (!isObject || body === undefined) {
      this.items.push({ ...common, type: meta?.type ?? plainType, component: undefined, uid: meta?.uid, facts: undefined, problem: undefined });
      return;
    }
    const read = this.#reader.read(body);
    const type = meta?.type ?? calendarType;
    if ('problem' in read) this.items.push({ ...common, type, component: undefined, uid: meta?.uid ?? guessUid(body), facts: undefined, problem: read.problem });
    else this.items.push({ ...common, type, component: read.component, uid: read.uid, facts: read.facts, problem: undefined });
  }
}

/** The name in the URL is the folder's: a sidecar may have come along when somebody renamed it by hand. */
function withSegment(sidecar: Sidecar, folder: string): Sidecar {
  const segment = fromFileName(folder);
  return segment === undefined ? sidecar : { ...sidecar, segment };
}

/** In calendars a UID lives once in a home: the file written last has it. */
function settleUids({ collections, items }: Scan): readonly ScannedItem[] {
  const calendars = new Set(collections.filter(({ sidecar }) => sidecar.kind === 'calendar').map(({ sidecar }) => sidecar.id));
  const newest = new Map<string, ScannedItem>();
  for (const item of items) {
    if (item.uid === undefined || item.problem !== undefined || !calendars.has(item.collection)) continue;
    const other = newest.get(item.uid);
    if (other === undefined || other.modified < item.modified) newest.set(item.uid, item);
  }
  return items.map((item) => {
    const holder = item.uid === undefined || !calendars.has(item.collection) ? undefined : newest.get(item.uid);
    return holder === undefined || holder === item || item.problem !== undefined ? item : { ...item, problem: `its UID is that of ${holder.name}, which was written later` };
  });
}

async function scanJobs(folder: string): Promise<ScannedHome['jobs']> {
  const found: (JobFile & { change: string })[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const content = name.endsWith('.json') ? await readIfThere(join(folder, name)) : undefined;
    if (content === undefined) continue;
    try {
      found.push({ ...(JSON.parse(content.toString('utf8')) as JobFile), change: name.slice(0, -'.json'.length) });
    } catch {
      // Torn by a power loss before it was ever flushed; its change was not either.
    }
  }
  return found;
}

async function etagOfFile(path: string): Promise<string> {
  const sha256 = createHash('sha256');
  for await (const chunk of createReadStream(path)) sha256.update(chunk as Buffer);
  return etagOf(sha256.digest());
}

const guessUid = (body: Buffer): string | undefined => /^UID:(.+?)\r?$/m.exec(body.toString('utf8'))?.[1];

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
