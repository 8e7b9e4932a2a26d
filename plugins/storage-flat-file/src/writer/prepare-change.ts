/**
 * Step 2 of a change: new octets into temp files, under names never used again, in the home's own `.tmp`. What the shard could not write again after a power loss
 * is flushed here: bodies over 64 KiB, and every sidecar, for it carries its collection's id. A new collection is a whole folder. Nothing else is touched.
 */
import { join } from 'node:path';
import { collectionId, StagedGone, uniqueName, type Change, type ChangeOperation, type Database, type Prepared } from '@kalends/lib-shards';
import { codeOf, makeDurableFolder, type FileOperations } from '../file-operations.ts';
import { jobsFolder, metaFolder, sidecarName, type HomeLayout } from '../home-layout.ts';
import { stagedPrefix } from '../large-bodies.ts';
import { sidecarOctets, sidecarOf, type Sidecar } from './sidecar.ts';

export interface PreparedFiles extends Prepared {
  readonly owner: string;
  /** Names in `.tmp` by operation. */ readonly temps: ReadonlyMap<number, string>;
  /** Prepared folders, as paths. */ readonly folders: readonly string[];
  /** Staged files whose octets were taken, as paths. */ readonly taken: readonly string[];
}

export const bodyLimit = 65_536;

export function prepareChange(files: FileOperations, layout: HomeLayout, database: Database, change: Change): PreparedFiles {
  const preparation = new Preparation(files, layout, database, change);
  try {
    return preparation.run();
  } catch (error) {
    preparation.abandon();
    throw error;
  }
}

/** Removes what was written; what is not there any more does not matter. */
export function abandon(files: FileOperations, layout: HomeLayout, { owner, temps, folders }: PreparedFiles): void {
  for (const temp of temps.values()) removeFile(files, layout.temp(owner, temp));
  for (const folder of folders) files.removeFolder(folder);
}

export function removeFile(files: FileOperations, path: string): void {
  try {
    files.unlink(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

class Preparation {
  readonly #files: FileOperations;
  readonly #layout: HomeLayout;
  readonly #database: Database;
  readonly #change: Change;
  readonly #temps = new Map<number, string>();
  readonly #octets = new Map<number, Uint8Array>();
  readonly #inodes = new Map<number, number>();
  readonly #folders: string[] = [];
  readonly #taken: string[] = [];
  /** Sidecars of collections that this change itself makes. */
  readonly #made = new Map<number, Sidecar>();
  #needsFlush = false;

  constructor(files: FileOperations, layout: HomeLayout, database: Database, change: Change) {
    this.#files = files;
    this.#layout = layout;
    this.#database = database;
    this.#change = change;
  }

  run(): PreparedFiles {
    const owner = this.#change.home;
    for (const [index, operation] of this.#change.operations.entries()) this.#prepare(index, operation);
    if (this.#needsFlush) this.#files.flushFolder(this.#layout.temps(owner));
    return {
      owner, temps: this.#temps, folders: this.#folders, taken: this.#taken, octets: (index) => this.#octets.get(index), inode: (index) => this.#inodes.get(index) ?? null,
    };
  }

  abandon(): void {
    abandon(this.#files, this.#layout, { owner: this.#change.home, temps: this.#temps, folders: this.#folders, taken: [], octets: () => undefined, inode: () => null });
  }

  #prepare(index: number, operation: ChangeOperation): void {
    switch (operation.op) {
      case 'create-home': this.#home(index, operation); break;
      case 'put':
      case 'release': this.#body(index, operation.body); break;
      case 'create-collection': this.#collection(operation); break;
      case 'update-collection': this.#sidecar(index, operation.key, (sidecar) => ({
        ...sidecar, properties: JSON.parse(operation.properties) as Sidecar['properties'], personal: JSON.parse(operation.personal) as Sidecar['personal'],
        ...(operation.acl === undefined ? {} : { acl: JSON.parse(operation.acl) as Sidecar['acl'] }),
      })); break;
      case 'new-epoch': this.#sidecar(index, operation.root, (sidecar) => ({ ...sidecar, epoch: operation.epoch })); break;
      case 'name-owner': this.#sidecar(index, operation.root, (sidecar) => (sidecar.owner === undefined ? sidecar : { ...sidecar, owner: { ...sidecar.owner, name: operation.name } })); break;
      case 'move-collection': this.#sidecar(index, operation.key, (sidecar) => ({ ...sidecar, segment: operation.segment })); break;
      default: break;
    }
  }

  #home(index: number, { owner, root, epoch, properties, acl }: Extract<ChangeOperation, { readonly op: 'create-home' }>): void {
    makeDurableFolder(this.#files, this.#layout.root, this.#layout.temps(owner.id));
    for (const folder of [metaFolder, jobsFolder]) this.#files.makeFolder(join(this.#layout.home(owner.id), folder));
    const now = Math.floor(this.#change.now / 1000);
    const sidecar: Sidecar = {
      id: collectionId(root), kind: 'home', segment: '', created: now, modified: now, revision: 0, owner, epoch, properties: JSON.parse(properties) as Sidecar['properties'], personal: {},
      acl: JSON.parse(acl) as Sidecar['acl'],
    };
    this.#write(index, sidecarOctets(sidecar), true);
  }

  #body(index: number, body: Extract<ChangeOperation, { readonly op: 'put' }>['body']): void {
    if (body.kind === 'octets') {
      const isLarge = body.octets.byteLength > bodyLimit;
      const path = this.#write(index, body.octets, isLarge);
      if (isLarge) this.#noteInode(index, path);
      else this.#octets.set(index, body.octets);
      return;
    }
    const staged = this.#layout.temp(this.#change.home, stagedPrefix + body.id);
    const temp = uniqueName();
    const path = this.#layout.temp(this.#change.home, temp);
    try {
      this.#files.link(staged, path);
    } catch (error) {
      throw codeOf(error) === 'ENOENT' ? new StagedGone('the staged octets are forgotten') : error;
    }
    this.#temps.set(index, temp);
    this.#taken.push(staged);
    this.#needsFlush = true;
    if (body.octets > bodyLimit) this.#noteInode(index, path);
    else this.#octets.set(index, this.#files.read(path) ?? new Uint8Array(0));
  }

  #collection({ key, segment, kind, properties, acl }: Extract<ChangeOperation, { readonly op: 'create-collection' }>): void {
    const now = Math.floor(this.#change.now / 1000);
    const sidecar: Sidecar = {
      id: collectionId(key), kind, segment, created: now, modified: now, revision: 0, properties: JSON.parse(properties) as Sidecar['properties'], personal: {}, acl: JSON.parse(acl) as Sidecar['acl'],
    };
    this.#made.set(key, sidecar);
    const folder = this.#layout.temp(this.#change.home, collectionId(key));
    this.#folders.push(folder);
    makeCollectionFolder(this.#files, folder, sidecar, () => { this.#ensureTemps(); });
    this.#needsFlush = true;
  }

  #sidecar(index: number, key: number, change: (sidecar: Sidecar) => Sidecar): void {
    const before = this.#made.get(key) ?? sidecarOf(this.#database, key)?.sidecar;
    if (before === undefined) return; // The recheck will say so.
    const after = change(before);
    this.#made.set(key, after);
    this.#write(index, sidecarOctets(after), true);
  }

  #write(index: number, octets: Uint8Array, flush: boolean): string {
    const temp = uniqueName();
    const path = this.#layout.temp(this.#change.home, temp);
    try {
      this.#files.writeNew(path, octets);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      this.#ensureTemps();
      this.#files.writeNew(path, octets);
    }
    this.#temps.set(index, temp);
    if (flush) {
      this.#files.flush(path);
      this.#needsFlush = true;
    }
    return path;
  }

  #noteInode(index: number, path: string): void {
    this.#inodes.set(index, this.#files.stat(path)?.inode ?? 0);
  }

  /** Somebody has emptied the home, or it came from a backup without what begins with a dot. */
  #ensureTemps(): void {
    makeDurableFolder(this.#files, this.#layout.root, this.#layout.temps(this.#change.home));
  }
}

/** A whole folder with its sidecar, flushed. */
export function makeCollectionFolder(files: FileOperations, folder: string, sidecar: Sidecar, ensureParent: () => void): void {
  try {
    files.makeFolder(folder);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    ensureParent();
    files.makeFolder(folder);
  }
  files.makeFolder(join(folder, metaFolder));
  const path = join(folder, sidecarName);
  files.writeNew(path, sidecarOctets(sidecar));
  files.flush(path);
  files.flushFolder(folder);
}
