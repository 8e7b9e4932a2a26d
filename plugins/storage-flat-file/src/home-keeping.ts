/**
 * Looks at a home's folder when it is first asked for, and again now and then: the index may be new, or somebody may have restored the folder (R34). Builds the
 * home's rows again where need be, one home at a time; after the loss of an index, the homes nobody asks for follow in the background.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError, type Clock, type HomeId, type ItemReader, type PrincipalId } from '@kalends/contracts';
import { homeIdOf, shardOfHome, type HomeKeeper, type WriterPort } from '@kalends/lib-shards';
import { sidecarName, type HomeLayout } from './home-layout.ts';
import { scanHome } from './home-scan.ts';
import type { HomeLook } from './writer/look-home.ts';
import { parseSidecar } from './writer/sidecar.ts';

export interface HomeKeepingOptions {
  readonly shards: number; readonly port: WriterPort; readonly itemReader: ItemReader; readonly layout: HomeLayout; readonly clock: Clock;
  readonly log: { warn(message: string, fields?: object): void } | undefined;
  /** Does the shard know the home? A plain read. */ readonly isKnown: (owner: PrincipalId) => boolean;
}

/** A folder that is restored while the server runs is noticed when its home is used after so long. */
const lookAgainMilliseconds = 60_000;
const rememberedHomes = 50_000;
const attempts = 5;

export class HomeKeeping implements HomeKeeper {
  readonly #options: HomeKeepingOptions;
  readonly #looked = new Map<PrincipalId, number>();
  readonly #looking = new Map<PrincipalId, Promise<void>>();
  #background: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: HomeKeepingOptions) {
    this.#options = options;
  }

  touch(owner: PrincipalId): Promise<void> | undefined {
    const looked = this.#looked.get(owner);
    const now = performance.now();
    if (looked === undefined) return this.#look(owner);
    if (now - looked > lookAgainMilliseconds) {
      this.#looked.set(owner, now);
      this.#look(owner).catch(() => { this.#looked.delete(owner); });
    }
    return undefined;
  }

  /** The shard's file was replaced: what is known of its homes is not. */
  forget(shard: number): void {
    for (const owner of this.#looked.keys()) if (shardOfHome(homeIdOf(owner), this.#options.shards) === shard) this.#looked.delete(owner);
    this.start();
  }

  /** Homes that only their folders know; nothing waits for them. */
  start(): void {
    this.#background = this.#background.then(() => this.#buildRest()).catch((error: unknown) => {
      this.#options.log?.warn('homes could not be built in the background', { error });
    });
  }

  /** Reads the folder whatever the shard says. */
  async rescan(home: HomeId): Promise<void> {
    const owner = home as string as PrincipalId;
    const look = await this.#task<HomeLook>(owner, 'look', owner);
    if (!look.hasFolder) throw new StoreError('not-found', 'the home has no folder');
    await this.#build(owner, look);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#background;
    await Promise.allSettled(this.#looking.values());
  }

  #look(owner: PrincipalId): Promise<void> {
    const running = this.#looking.get(owner);
    if (running !== undefined) return running;
    const started = this.#lookOnce(owner).finally(() => { this.#looking.delete(owner); });
    this.#looking.set(owner, started);
    return started;
  }

  async #lookOnce(owner: PrincipalId): Promise<void> {
    const look = await this.#task<HomeLook>(owner, 'look', owner).catch((error: unknown) => this.#unlooked(owner, error));
    if (look === undefined) return;
    if (look.hasFolder && (!look.isKnown || look.isForeign)) {
      this.#options.log?.warn(look.isKnown ? 'a home folder was restored; its rows are made again' : 'a home is built from its folder', { owner });
      await this.#build(owner, look);
    }
    if (this.#looked.size >= rememberedHomes) this.#looked.clear();
    this.#looked.set(owner, performance.now());
  }

  /** Somebody holds the shard for so long: a home that it knows is read as it is, and looked at with its next use. */
  #unlooked(owner: PrincipalId, error: unknown): undefined {
    if (!(error instanceof StoreError) || error.code !== 'busy' || !this.#options.isKnown(owner)) throw error;
    this.#looked.set(owner, performance.now() - lookAgainMilliseconds);
    return undefined;
  }

  async #build(owner: PrincipalId, first: HomeLook): Promise<void> {
    const { layout, itemReader, clock } = this.#options;
    let look = first;
    for (let attempt = 0; attempt < attempts; attempt++) {
      const scanned = await scanHome(layout.home(owner), owner, itemReader);
      if (scanned === undefined) return;
      if (await this.#task<boolean>(owner, 'adopt', { owner, stamp: look.stamp, scanned, now: clock.now() })) return;
      // Another process was first, or somebody wrote meanwhile.
      const again = await this.#task<HomeLook>(owner, 'look', owner);
      if (again.isKnown && !first.isKnown && !again.isForeign) return;
      look = again;
    }
    throw new StoreError('busy', 'the home changes faster than it can be read');
  }

  async #buildRest(): Promise<void> {
    const { shards, port, layout } = this.#options;
    const missing = new Set<number>();
    for (let shard = 0; shard < shards; shard++) if (await port.task(shard, 'is-complete', undefined) === false) missing.add(shard);
    if (missing.size === 0) return;
    for await (const owner of ownersIn(layout.uids)) {
      if (this.#isClosed) return;
      if (missing.has(shardOfHome(homeIdOf(owner), shards))) await this.#look(owner).catch((error: unknown) => { this.#options.log?.warn('a home could not be built', { owner, error }); });
    }
    for (const shard of missing) if (!this.#isClosed) await port.task(shard, 'set-complete', undefined);
  }

  async #task<T>(owner: PrincipalId, name: string, payload: unknown): Promise<T> {
    return await this.#options.port.task(shardOfHome(homeIdOf(owner), this.#options.shards), name, payload) as T;
  }
}

async function* ownersIn(uids: string): AsyncGenerator<PrincipalId> {
  const folders = async (path: string): Promise<readonly string[]> => (await readdir(path, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name));
  for (const first of await folders(uids)) {
    for (const second of await folders(first)) {
      for (const home of await folders(second)) {
        const owner = parseSidecar(await readFile(join(home, sidecarName)).catch(() => undefined))?.owner;
        if (owner !== undefined) yield owner.id;
      }
    }
  }
}
