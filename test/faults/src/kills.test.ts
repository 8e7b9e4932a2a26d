/**
 * Two server-like processes on one data folder, under load; again and again one of them is killed with -9 while the other serves on. The writers pause now and
 * then between COMMIT and rename, for there a plain kill hardly ever hits. After each kill: nothing that was answered is missing, nothing is half there, index
 * and files agree, and no number was given twice.
 *
 * KALENDS_SOAK=<rounds> runs for longer.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { PrincipalId } from '@kalends/contracts';
import { openFlatFileStore } from '@kalends/storage-flat-file';
import type { FlatFileStore } from '@kalends/storage-flat-file';
import { file } from '@kalends/testkit';
import { disagreements, etagOf } from './agreement.ts';
import { forgetfulFiles } from './forgetful-files.ts';
import { etagsOf } from './home-snapshot.ts';
import type { ChildSetting } from './kill-child.ts';
import { expectedFrom } from './kill-log.ts';
import type { Expected } from './kill-log.ts';
import { killReader } from './kill-reader.ts';
import { NO_LIMITS, random } from './random-changes.ts';
import { scratchFolder } from './scratch.ts';

const ROUNDS = Number(process.env['KALENDS_SOAK'] ?? 0) || 30;
const OWNERS = ['id-amy', 'id-ben', 'id-cat'] as const;
const COUNTERS = ['one', 'two'];
/** Point, milliseconds, probability (see `FlatFileOptions.pausePoints`). */
const PAUSES = 'after-commit:40:0.08,before-rename:15:0.05,after-temps:15:0.03,checkpoint-flushed:30:0.3,checkpoint-before-commit:10:0.3';

class Killing implements AsyncDisposable {
  readonly root = scratchFolder('kill');
  readonly #logs: string[] = [];
  readonly #children = new Set<ChildProcess>();
  readonly #next: () => number;
  readonly #isForgetful: boolean;

  constructor(seed: number, isForgetful = false) {
    this.#next = random(seed);
    this.#isForgetful = isForgetful;
  }

  open(): Promise<FlatFileStore> {
    return openFlatFileStore({
      path: this.root, shards: 2, itemReader: killReader, checkpointSeconds: 3600, writer: 'inline', ...(this.#isForgetful && { files: forgetfulFiles() }),
    });
  }

  /** Homes with a counter or two, and folders that will move about. */
  async prepare(): Promise<void> {
    mkdirSync(join(this.root, 'logs'));
    const { store, close } = await this.open();
    const plain = (segment: string): { readonly segment: string; readonly kind: string; readonly properties: ReadonlyMap<string, string> } => ({ segment, kind: 'files', properties: new Map() });
    for (const owner of OWNERS) {
      const home = await store.createHome({ id: owner as PrincipalId, kind: 'user', name: owner }, { properties: new Map(), acl: [] }, [plain('dropbox'), { ...plain('counters'), kind: 'a-plugins-own' }]);
      const [dropbox, counters] = [(await store.findCollection(home.root.id, 'dropbox'))!.id, (await store.findCollection(home.root.id, 'counters'))!.id];
      await store.write(home.id, NO_LIMITS, async (tx) => {
        for (const segment of ['folder-x', 'folder-y', 'folder-z']) await tx.createCollection(dropbox, plain(segment));
        for (const counter of COUNTERS) await tx.putItem(counters, file(counter, '0'));
      });
    }
    // A move or property that no child was answered for may leave what is there from the start, so that stands in a log too.
    const log = join(this.root, 'logs', 'start.ndjson');
    for (const [at, owner] of OWNERS.entries()) {
      const home = (await store.findHome(owner as PrincipalId))!;
      const collections = await store.listCollections(home.root.id, 'infinity');
      const effects = Object.fromEntries(collections.flatMap(({ id, parent, segment }) => [[`place ${id}`, `${parent}/${segment}`], [`property ${id}`, '']]));
      const entries = [{ began: at, home: owner, effects }, { ended: at, revision: 0, effects }];
      appendFileSync(log, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    }
    this.#logs.push(log);
    await close();
  }

  async start(seed: number): Promise<ChildProcess> {
    const log = join(this.root, 'logs', `${this.#logs.length}.ndjson`);
    this.#logs.push(log);
    const setting: ChildSetting = { path: this.root, log, seed, clients: 6, owners: OWNERS, counters: COUNTERS, isForgetful: this.#isForgetful };
    const child = fork(new URL('./kill-child.ts', import.meta.url), [JSON.stringify(setting)], { 
      env: { ...process.env, KALENDS_TEST_PAUSE: PAUSES }, stdio: ['ignore', 'inherit', this.#isForgetful ? 'ignore' : 'inherit', 'ipc'],
    });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    await word(child, 'ready');
    return child;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#children].map(kill));
  }

  /** One kill, or two; gives what is wrong after it. */
  async round(number: number, running: ChildProcess[]): Promise<readonly string[]> {
    await delay(60 + this.#next() * 250);
    const both = number % 8 === 7;
    const [victim] = running.splice(this.#next() < 0.5 ? 0 : 1, 1) as [ChildProcess];
    await kill(victim);
    if (both) await kill(running.pop()!);
    const [survivor] = running;
    if (survivor) {
      if (this.#next() < 0.2) await stopped(survivor, 300);
      await delay(this.#next() * 120);
      // One that gave up says on standard error why.
      if (!survivor.connected) return [`round ${number}: the surviving process gave up`];
      survivor.send('stop');
      const gaveUp = await word(survivor, 'resting').then(() => undefined, (error: unknown) => String(error));
      if (gaveUp !== undefined) return [`round ${number}: ${gaveUp}`];
    }
    const wrong = await this.check();
    survivor?.send('go');
    while (running.length < 2) running.push(await this.start(number * 10 + running.length + 1));
    return wrong.map((sentence) => `round ${number}: ${sentence}`);
  }

  get expected(): Expected {
    return expectedFrom(this.#logs);
  }

  /** What a backup tool takes that knows nothing of us, while the processes go on: name by name, and what is gone by then is left out. */
  async backup(): Promise<{ readonly path: string; readonly before: Expected; readonly after: Expected }> {
    const path = scratchFolder('backup');
    const before = this.expected;
    await copyTolerantly(join(this.root, 'calendars'), join(path, 'calendars'));
    return { path, before, after: this.expected };
  }
  /** Every file of a backup is one that was once stored, and every counter is there, at a value of that time. */
  async judgeBackup({ path, before, after }: Awaited<ReturnType<Killing['backup']>>): Promise<readonly string[]> {
    const restored = await openFlatFileStore({ path, shards: 2, itemReader: killReader, checkpointSeconds: 3600, writer: 'inline' });
    const wrong: string[] = [];
    for (const owner of OWNERS) {
      const home = (await restored.store.findHome(owner as PrincipalId))!;
      for (const { id } of await restored.store.listCollections(home.root.id, 'infinity')) {
        for await (const batch of restored.store.listItems(id, { body: true })) {
          // What an unanswered change made of a counter stands in no log; counters are judged by their value below.
          for (const { name, etag, body } of batch) if (etagOf(body!) !== etag || (!COUNTERS.includes(name) && !after.everStored.has(etag))) wrong.push(`${owner}: ${name} was never stored like that`);
        }
      }
      for (const name of COUNTERS) {
        const value = await counterValue(restored, `${owner} ${name}`);
        const [low, high] = [before.counters.get(`${owner} ${name}`)?.highest ?? 0, after.counters.get(`${owner} ${name}`)];
        if (value < low || value > (high?.highest ?? 0) + (high?.open ?? 0)) wrong.push(`${owner}: counter ${name} is ${value}, was ${low} to ${high?.highest}`);
      }
    }
    await restored.close();
    return wrong;
  }

  /** Opens the store as the next process would, and compares. */
  async check(): Promise<readonly string[]> {
    const { states, wrong, counters } = this.expected;
    const checker = await this.open();
    const found = [...wrong];
    for (const owner of OWNERS) found.push(...await this.#checkHome(checker, owner, states.get(owner) ?? new Map()).catch((error: unknown) => [`${owner}: ${String(error)}`]));
    for (const [key, { highest, open }] of counters) {
      const value = await counterValue(checker, key);
      if (value < highest || value > highest + open) found.push(`counter ${key} is ${value}: ${highest} was answered, ${open} are open`);
    }
    await checker.close();
    return found;
  }

  async #checkHome(checker: FlatFileStore, owner: string, states: ReadonlyMap<string, ReadonlySet<string | null>>): Promise<readonly string[]> {
    const home = (await checker.store.findHome(owner as PrincipalId))!;
    const present = new Map<string, string>();
    for (const { id, properties, parent, segment } of await checker.store.listCollections(home.root.id, 'infinity')) {
      present.set(`place ${id}`, `${parent}/${segment}`);
      present.set(`property ${id}`, properties.get('{x:}a') ?? '');
      for await (const batch of checker.store.listItems(id, {})) for (const { name, etag } of batch) present.set(`${id}/${name}`, etag);
    }
    const wrong = [...states].filter(([name, allowed]) => !allowed.has('?') && !allowed.has(present.get(name) ?? null))
      .map(([name, allowed]) => `${owner}: ${name} is ${present.get(name)}, may be ${[...allowed].join(' or ')}`);
    return [...wrong, ...(await disagreements(this.root, checker.store, owner as PrincipalId)).map((sentence) => `${owner}: ${sentence}`)];
  }
}

async function copyTolerantly(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true }).catch(() => [])) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyTolerantly(source, target);
    else if (entry.isFile()) await copyFile(source, target).catch((error: unknown) => { if ((error as { code: string }).code !== 'ENOENT') throw error; });
  }
}
async function counterValue({ store }: FlatFileStore, key: string): Promise<number> {
  const [owner, name] = key.split(' ') as [PrincipalId, string];
  const { item } = (await store.locate(owner, ['counters', name], { body: true }))!;
  return Number(new TextDecoder().decode(item!.body));
}
async function word(child: ChildProcess, wanted: string): Promise<void> {
  for (;;) {
    const [heard] = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => { throw new Error(`the child ended before it said ${wanted}`); })]) as [unknown];
    if (heard === wanted) return;
  }
}
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
async function stopped(child: ChildProcess, milliseconds: number): Promise<void> {
  child.kill('SIGSTOP');
  await delay(milliseconds);
  child.kill('SIGCONT');
}

describe('the flat-file store under kill -9', () => {
  it(`loses nothing that was answered, and its files agree, over ${ROUNDS} rounds`, { timeout: 60_000 + ROUNDS * 10_000 }, async () => {
    await using killing = new Killing(1);
    await killing.prepare();
    const running = [await killing.start(1), await killing.start(2)];
    const wrong: string[] = [];
    const backups: Awaited<ReturnType<Killing['backup']>>[] = [];
    for (let round = 0; round < ROUNDS && wrong.length === 0; round++) {
      wrong.push(...await killing.round(round, running));
      if (round % 10 === 3) backups.push(await killing.backup());
    }
    expect(wrong).toEqual([]);
    for (const backup of backups) expect(await killing.judgeBackup(backup)).toEqual([]);
    // Both at once, and the index goes before anybody could recover: the files alone have what was answered.
    await Promise.all(running.map(kill));
    rmSync(join(killing.root, 'index'), { recursive: true });
    expect(await killing.check()).toEqual([]);
    expect(killing.expected.answered).toBeGreaterThan(ROUNDS * 20);
    // The index is disposable: without it the files alone say the same.
    const before = await namesAndEtags(killing);
    rmSync(join(killing.root, 'index'), { recursive: true });
    expect(await namesAndEtags(killing)).toEqual(before);
    expect(await killing.check()).toEqual([]);
  });

  it('would be caught if it did not carry out what a killed process had committed', { timeout: 120_000 }, async () => {
    await using killing = new Killing(2, true);
    await killing.prepare();
    const running = [await killing.start(1), await killing.start(2)];
    const wrong: string[] = [];
    for (let round = 0; round < 25 && wrong.length === 0; round++) wrong.push(...await killing.round(round, running));
    expect(wrong.length).toBeGreaterThan(0);
  });
});

async function namesAndEtags(killing: Killing): Promise<readonly (readonly [string, string])[]> {
  const { store, close } = await killing.open();
  const homes = await Promise.all(OWNERS.map(async (owner) => [...await etagsOf(store, (await store.findHome(owner as PrincipalId))!)].map(([path, etag]) => [`${owner}/${path}`, etag] as const)));
  await close();
  return homes.flat().sort();
}
