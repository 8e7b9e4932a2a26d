/** Where each thing of a home lies under the data root. Paths only; nothing is touched. */
import { join } from 'node:path';
import { pathSegments } from '@kalends/lib-shards';
import { toFileName } from './file-names.ts';

export const sidecarName = '.collection.json';
const metaFolder = '.meta';
const jobsFolder = '.outbox';

/** Paths are asked for several times in each change. */
const rememberedHomes = 10_000;

export class HomeLayout {
  readonly root: string;
  readonly #foldsCase: boolean;
  readonly #homes = new Map<string, string>();

  /** `root`: the data root. */
  constructor(root: string, foldsCase: boolean) {
    this.root = root;
    this.#foldsCase = foldsCase;
  }

  get calendars(): string { return join(this.root, 'calendars'); }
  get uids(): string { return join(this.calendars, '__uids__'); }

  /** `calendars/__uids__/<ab>/<cd>/<id>`, for folders of bearable length. */
  home(owner: string): string {
    const known = this.#homes.get(owner);
    if (known !== undefined) return known;
    const name = toFileName(owner, this.#foldsCase);
    const fan = owner.replace(/[^0-9A-Za-z]/g, '_').toLowerCase().padEnd(4, '_');
    const path = join(this.uids, fan.slice(0, 2), fan.slice(2, 4), name);
    if (this.#homes.size >= rememberedHomes) this.#homes.clear();
    this.#homes.set(owner, path);
    return path;
  }
  temps(owner: string): string { return `${this.home(owner)}/.tmp`; }
  temp(owner: string, name: string): string { return `${this.home(owner)}/.tmp/${name}`; }

  fileName(name: string): string { return toFileName(name, this.#foldsCase); }
  /** Folder names below the home, of a path as the shard keeps it. */
  folder(path: string): string { return path === '' ? '.' : pathSegments(path).map((segment) => this.fileName(segment)).join('/'); }

  /** Files of a collection, named from its folder: what `pending.file` holds. */
  itemFile(name: string): string { return this.fileName(name); }
  metaFile(name: string): string { return join(metaFolder, `${this.fileName(name)}.json`); }
  /** Of the root. */
  jobsFile(change: string): string { return join(jobsFolder, `${change}.json`); }
}

export { jobsFolder, metaFolder };
