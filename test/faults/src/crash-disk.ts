/**
 * A disk that remembers what it was never told to flush. Every operation happens on the real file system and is recorded; `image` then writes what a power loss
 * might have left: any of the unflushed names dropped, unflushed octets whole, empty, torn or garbage. What happened before the recording is durable.
 *
 * It is as unkind as POSIX allows: a name is durable once the folder that gained or lost it was flushed, octets once their file was, a rename happens or does not.
 * One kindness is every file system's: what happens to one name in one folder happens in its order, so nothing is kept of a name whose past is lost.
 */
import { copyFileSync, linkSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { diskFiles } from '@kalends/storage-flat-file';
import type { FileOperations } from '@kalends/storage-flat-file';

type Node =
  | { readonly kind: 'file'; content: Uint8Array; flushed: Uint8Array | undefined; inode: number; readonly serial: number }
  | { readonly kind: 'folder'; readonly names: Map<string, Node> }
  | { readonly kind: 'link'; readonly target: string };
type Folder = Extract<Node, { kind: 'folder' }>;
/** One change of names, all or nothing. */
interface NameChange {
  readonly gains: Place | undefined; readonly loses: Place | undefined; readonly node: Node;
  /** Whose flush makes it durable. */ readonly by: Folder; isDurable: boolean;
}
interface Place { readonly folder: Folder; readonly name: string }

export interface CrashDiskOptions {
  /** The data root. What lies in `calendars` is recorded; the rest (SQLite's own files) is copied as it is. */ readonly root: string;
  /** Told before and after each operation: the moments at which the power may fail. May throw, as a full disk does. */ readonly at?: (operation: string, path: string) => void;
  /** Takes no flush for granted: what a store would leave that forgot them. */ readonly forgetsFlushes?: boolean;
}

export class CrashDisk implements FileOperations {
  readonly #root: string;
  readonly #top: Folder;
  readonly #at: (operation: string, path: string) => void;
  readonly #forgets: boolean;
  readonly #changes: NameChange[] = [];
  /** The tree as it was when the recording began, and each of its folders there. */ readonly #first: Folder;
  readonly #firsts = new Map<Node, Node>();
  operations = 0;

  constructor({ root, at, forgetsFlushes = false }: CrashDiskOptions) {
    this.#forgets = forgetsFlushes;
    this.#root = join(root, 'calendars');
    this.#at = at ?? (() => undefined);
    mkdirSync(this.#root, { recursive: true });
    this.#top = readTree(this.#root);
    this.#first = copyTree(this.#top, this.#firsts);
  }

  writeNew(path: string, octets: Uint8Array): void {
    const node: Node = { kind: 'file', content: octets.slice(), flushed: undefined, inode: 0, serial: this.operations };
    const act = (): void => {
      diskFiles.writeNew(path, octets);
      node.inode = statSync(path).ino;
    };
    this.#run('writeNew', path, act, () => this.#change({ gains: this.#place(path), node }));
  }
  flush(path: string): void {
    this.#run('flush', path, () => diskFiles.flush(path), () => this.#flushed(path));
  }
  flushFolder(path: string): void {
    this.#run('flushFolder', path, () => diskFiles.flushFolder(path), () => this.#folderFlushed(path));
  }
  async flushLater(path: string): Promise<void> {
    this.#at('flushLater', path);
    // What is durable is what the open file was then, whatever the path means when the flush returns.
    const node = this.#find(path);
    await diskFiles.flushLater(path);
    if (node?.kind === 'file' && !this.#forgets) node.flushed = node.content;
    this.operations++;
  }
  async flushFolderLater(path: string): Promise<void> {
    this.#at('flushFolderLater', path);
    const folder = this.#find(path);
    const before = [...this.#changes];
    await diskFiles.flushFolderLater(path);
    for (const change of before) if (change.by === folder && !this.#forgets) change.isDurable = true;
    this.operations++;
  }
  rename(from: string, to: string): void {
    this.#run('rename', to, () => diskFiles.rename(from, to), () => {
      const node = this.#find(from);
      if (node) this.#change({ loses: this.#place(from), gains: this.#place(to), node });
    });
  }
  link(existing: string, path: string): void {
    this.#run('link', path, () => diskFiles.link(existing, path), () => {
      const node = this.#find(existing) ?? fileNode(path);
      this.#change({ gains: this.#place(path), node });
    });
  }
  symlink(target: string, path: string): void {
    this.#run('symlink', path, () => diskFiles.symlink(target, path), () => this.#change({ gains: this.#place(path), node: { kind: 'link', target } }));
  }
  unlink(path: string): void {
    this.#run('unlink', path, () => diskFiles.unlink(path), () => {
      const node = this.#find(path);
      if (node) this.#change({ loses: this.#place(path), node });
    });
  }
  makeFolder(path: string, recursive = false): void {
    if (recursive && dirname(path) !== path && diskFiles.stat(dirname(path)) === undefined) this.makeFolder(dirname(path), true);
    const isThere = diskFiles.stat(path) !== undefined;
    this.#run('makeFolder', path, () => diskFiles.makeFolder(path), () => {
      if (!isThere) this.#change({ gains: this.#place(path), node: { kind: 'folder', names: new Map() } });
    });
  }
  removeFolder(path: string): void {
    this.#run('removeFolder', path, () => diskFiles.removeFolder(path), () => {
      const node = this.#find(path);
      if (node) this.#removed(this.#place(path), node);
    });
  }
  protect(path: string): void {
    diskFiles.protect(path);
  }
  stat(path: string): ReturnType<FileOperations['stat']> {
    return diskFiles.stat(path);
  }
  list(path: string): ReturnType<FileOperations['list']> {
    return diskFiles.list(path);
  }
  read(path: string): Uint8Array | undefined {
    return diskFiles.read(path);
  }
  readLink(path: string): string | undefined {
    return diskFiles.readLink(path);
  }

  /** How many changes of names a power loss could undo now. */
  get unflushed(): number {
    return this.#changes.filter(({ isDurable }) => !isDurable).length;
  }

  /**
   * Writes what might be left to `into`; gives the number of dropped changes. The index is told the inodes that the copies have: a power loss changes none. `lose` says of each unflushed one whether it is lost; `tear`, in [0, 1), what
   * becomes of unflushed octets.
   */
  image(into: string, dataRoot: string, lose: () => boolean, tear: () => number): number {
    const fromFirst = new Map<Node, Node>();
    const top = copyTree(this.#first, fromFirst);
    const made = new Map<Node, Node>();
    const copyOf = <N extends Node>(node: N): N => {
      if (node.kind !== 'folder') return node;
      const copy = fromFirst.get(this.#firsts.get(node) ?? node) ?? made.get(node) ?? { kind: 'folder', names: new Map() };
      made.set(node, copy);
      return copy as N;
    };
    const placeOf = (place: Place | undefined): Place | undefined => place && { folder: copyOf(place.folder), name: place.name };
    let lost = 0;
    const losable = this.#losable();
    const lostNames = new Names();
    for (const change of this.#changes) {
      const { gains, loses, node } = change;
      if (losable.has(change) && (lostNames.touchedBy(change) || lose())) {
        lost++;
        lostNames.add(change);
      } else apply({ gains: placeOf(gains), loses: placeOf(loses), node: copyOf(node) });
    }
    copyBeside(dataRoot, into);
    const written = new Map<Node, string>();
    writeTree(join(into, 'calendars'), top, written, (node) => afterCrash(node, tear));
    // A number is used again once its file is gone: the younger file is the one that is meant.
    const files = [...written].flatMap(([node, path]) => (node.kind === 'file' ? [{ node, path }] : [])).sort((a, b) => a.node.serial - b.node.serial);
    const inodes = files.map(({ node, path }) => [node.inode, statSync(path).ino] as const);
    tellInodes(join(into, 'index'), new Map(inodes));
    return lost;
  }

  /** What is neither durable nor the past of something durable that happened to the same name. */
  #losable(): ReadonlySet<NameChange> {
    const losable = new Set<NameChange>();
    const settled = new Names();
    for (const change of [...this.#changes].reverse()) {
      if (change.isDurable || settled.touchedBy(change)) settled.add(change);
      else losable.add(change);
    }
    return losable;
  }
  #run(operation: string, path: string, act: () => void, record: () => void): void {
    this.#at(operation, path);
    // Recorded by what the paths meant before the operation: a rename's source is gone afterwards.
    const isRecorded = !relative(this.#root, path).startsWith('..');
    const links = operation === 'link';
    if (isRecorded && !links) {
      const probe = this.#changes.length;
      try {
        record();
        act();
      } catch (error) {
        this.#revert(probe);
        throw error;
      }
    } else {
      act();
      if (isRecorded) record();
    }
    this.operations++;
    this.#at(`after ${operation}`, path);
  }
  /** The operation failed on the disk itself, so it never was. */
  #revert(length: number): void {
    for (const change of this.#changes.splice(length).reverse()) {
      if (change.gains && change.gains.folder.names.get(change.gains.name) === change.node) change.gains.folder.names.delete(change.gains.name);
      if (change.loses) change.loses.folder.names.set(change.loses.name, change.node);
    }
  }
  #change(change: { readonly gains?: Place | undefined; readonly loses?: Place | undefined; readonly node: Node }): void {
    const { gains, loses, node } = change;
    const by = (gains ?? loses)?.folder;
    if (by === undefined) return;
    const complete: NameChange = { gains, loses, node, by, isDurable: false };
    apply(complete);
    this.#changes.push(complete);
  }
  #removed(place: Place | undefined, node: Node): void {
    if (node.kind === 'folder') for (const [name, child] of [...node.names]) this.#removed({ folder: node, name }, child);
    this.#change({ loses: place, node });
  }
  #flushed(path: string): void {
    const node = this.#find(path);
    if (node?.kind === 'file' && !this.#forgets) node.flushed = node.content;
  }
  #folderFlushed(path: string): void {
    const folder = this.#find(path);
    for (const change of this.#changes) if (change.by === folder && !this.#forgets) change.isDurable = true;
  }
  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#top;
    for (const name of relative(this.#root, path).split('/').filter((part) => part !== '')) node = node?.kind === 'folder' ? node.names.get(name) : undefined;
    return node;
  }
  #place(path: string): Place | undefined {
    const folder = this.#find(dirname(path));
    return folder?.kind === 'folder' ? { folder, name: path.slice(dirname(path).length + 1) } : undefined;
  }
}

/** Names in folders, whatever path leads to them. */
class Names {
  readonly #names = new Map<Folder, Set<string>>();

  add({ gains, loses }: NameChange): void {
    for (const { folder, name } of [gains, loses].filter((place) => place !== undefined)) this.#names.set(folder, (this.#names.get(folder) ?? new Set()).add(name));
  }
  touchedBy({ gains, loses }: NameChange): boolean {
    return [gains, loses].some((place) => place !== undefined && this.#names.get(place.folder)?.has(place.name) === true);
  }
}
function apply({ gains, loses, node }: Pick<NameChange, 'gains' | 'loses' | 'node'>): void {
  if (loses && loses.folder.names.get(loses.name) === node) loses.folder.names.delete(loses.name);
  if (gains) gains.folder.names.set(gains.name, node);
}
function afterCrash(node: Extract<Node, { kind: 'file' }>, tear: () => number): Uint8Array {
  if (node.flushed === node.content) return node.content;
  const luck = tear();
  if (luck < 0.25) return node.content;
  if (luck < 0.5) return new Uint8Array();
  if (luck < 0.75) return node.content.slice(0, node.content.length / 2);
  return new Uint8Array(node.content.length);
}

function readTree(path: string): Folder {
  const names = new Map<string, Node>();
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    names.set(entry.name, entry.isDirectory() ? readTree(child) : entry.isSymbolicLink() ? { kind: 'link', target: readlinkSync(child) } : fileNode(child));
  }
  return { kind: 'folder', names };
}
function fileNode(path: string): Node {
  const content = new Uint8Array(readFileSync(path));
  return { kind: 'file', content, flushed: content, inode: statSync(path).ino, serial: 0 };
}
function copyTree(folder: Folder, copies: Map<Node, Node>): Folder {
  const copy: Folder = { kind: 'folder', names: new Map() };
  copies.set(folder, copy);
  for (const [name, child] of folder.names) copy.names.set(name, child.kind === 'folder' ? copyTree(child, copies) : child);
  return copy;
}
function writeTree(path: string, folder: Folder, written: Map<Node, string>, contentOf: (node: Extract<Node, { kind: 'file' }>) => Uint8Array): void {
  mkdirSync(path, { recursive: true });
  for (const [name, node] of folder.names) {
    const child = join(path, name);
    const twin = written.get(node);
    if (node.kind === 'folder') writeTree(child, node, written, contentOf);
    else if (node.kind === 'link') symlinkSync(node.target, child);
    else if (twin !== undefined) linkSync(twin, child);
    else writeFileSync(child, contentOf(node));
    written.set(node, child);
  }
}
/** In every column of every table that holds one. */
function tellInodes(index: string, inodes: ReadonlyMap<number, number>): void {
  for (const name of readdirSync(index).filter((each) => each.endsWith('.sqlite'))) {
    using database = new DatabaseSync(join(index, name));
    const tables = database.prepare('SELECT name FROM sqlite_schema WHERE type = \'table\'').all().map((row) => String(row['name']));
    for (const table of tables) {
      for (const { name: column } of database.prepare(`PRAGMA table_info(${table})`).all()) {
        if (!String(column).endsWith('inode')) continue;
        database.function('new_inode', (inode) => inodes.get(Number(inode)) ?? inode);
        database.exec(`UPDATE ${table} SET ${String(column)} = new_inode(${String(column)}) WHERE ${String(column)} > 0`);
      }
    }
  }
}
/** Index and state: SQLite flushes what it commits, so what lies there is what was committed. */
function copyBeside(from: string, to: string): void {
  for (const folder of ['index', 'principals']) {
    mkdirSync(join(to, folder), { recursive: true });
    for (const name of readdirSync(join(from, folder))) {
      if (name.endsWith('-shm') || !statSync(join(from, folder, name)).isFile()) continue;
      copyFileSync(join(from, folder, name), join(to, folder, name));
    }
  }
}
