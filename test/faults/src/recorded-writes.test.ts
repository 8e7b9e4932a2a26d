/**
 * Power loss: two writers make random changes on a disk that remembers what was never flushed; at random moments an image of what might be left is written,
 * and afterwards the store is opened on each, by two who recover at once. What was answered must be there, whole; files and index must agree.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CollectionId, Home, PrincipalId } from '@kalends/contracts';
import { openFlatFileStore } from '@kalends/storage-flat-file';
import type { FlatFileStore } from '@kalends/storage-flat-file';
import { fakeClock, file, plainReader } from '@kalends/testkit';
import { disagreements } from './agreement.ts';
import { CrashDisk } from './crash-disk.ts';
import { snapshotOf } from './home-snapshot.ts';
import { attempt, NO_LIMITS, random, randomStep } from './random-changes.ts';
import { scratchFolder } from './scratch.ts';

const soak = Number(process.env['KALENDS_SOAK'] ?? 0);
const SEEDS = Array.from({ length: soak > 0 ? Math.ceil(soak / 4) : 3 }, (_, n) => n + 1);
const CHANGES = 200;
const IMAGES = 45;
const GROUP = 'three at once';
const amy = 'id-amy' as PrincipalId;
const clock = fakeClock();

interface Image { readonly path: string; readonly moment: string; readonly answered: number; readonly lost: number; readonly isPowerLoss: boolean; readonly hidden: readonly CollectionId[] }

const open = (path: string, more: Partial<Parameters<typeof openFlatFileStore>[0]> = {}): Promise<FlatFileStore> =>
  openFlatFileStore({ path, clock, itemReader: plainReader, shards: 1, writer: 'inline', checkpointSeconds: 3600, bootId: 'first', ...more });

class Run {
  readonly images: Image[] = [];
  /** The home after each answered change. */ readonly states: (readonly string[])[] = [];
  readonly names: string[] = [];
  readonly #root = scratchFolder('power');
  readonly #next: () => number;
  /** Apart, since the flushes of a checkpoint come in no order. */ readonly #luck: () => number;
  readonly #hidden: CollectionId[] = [];
  readonly #disk: CrashDisk;
  #chance = 0;

  constructor(seed: number, forgetsFlushes = false) {
    this.#next = random(seed);
    this.#luck = random(-seed);
    mkdirSync(join(this.#root, 'calendars', '__uids__'), { recursive: true });
    this.#disk = new CrashDisk({ root: this.#root, forgetsFlushes, at: (operation, path) => this.#moment(`${operation} ${path.slice(this.#root.length)}`) });
  }

  /** 200 changes by two writers in turn, with a checkpoint now and then. */
  async changes(): Promise<void> {
    const onPoint = (point: string): void => this.#moment(point);
    const writers = [await open(this.#root, { files: this.#disk, onPoint }), await open(this.#root, { files: this.#disk, onPoint })] as const;
    const home = await writers[0].store.createHome({ id: amy, kind: 'user', name: 'amy' }, { properties: new Map(), acl: [] }, [
      { segment: 'calendar', kind: 'calendar', properties: new Map() }, { segment: 'dropbox', kind: 'files', properties: new Map() },
    ]);
    this.states.push(await snapshotOf(writers[0], amy));
    this.#chance = IMAGES / (CHANGES * 14);
    for (let change = 0; change < CHANGES; change++) await this.#change(writers[this.#next() < 0.5 ? 0 : 1], home, change);
    this.#chance = 0;
    await writers[0].close();
    await writers[1].close();
  }

  async #change(writer: FlatFileStore, home: Home, change: number): Promise<void> {
    if (this.#next() < 0.06) await writer.checkpoint();
    if (this.#next() < 0.1) return this.#group(writer, home, change);
    const step = await randomStep(writer.store, home, this.#next, `s${change}`);
    this.names.push(step.name);
    const committed = await attempt(writer.store, home, step);
    if (committed && step.hides) this.#hidden.push(step.hides);
    // A refused change leaves the state as it was: it is told again, so that numbers agree.
    this.states.push(committed ? await snapshotOf(writer, amy, this.#hidden) : this.states.at(-1)!);
  }

  /** Three at once, which share a commit or do not: after a crash each may be there or not. */
  async #group(writer: FlatFileStore, home: Home, change: number): Promise<void> {
    const dropbox = (await writer.store.findCollection(home.root.id, 'dropbox'))!.id;
    const bodies = [`small ${change}`, `large ${change}`.padEnd(90_000, 'x'), ''];
    this.names.push(GROUP);
    await Promise.all(bodies.map((body, n) => writer.store.write(home.id, NO_LIMITS, (tx) => tx.putItem(dropbox, file(`together-${n}`, body)))));
    this.states.push(await snapshotOf(writer, amy, this.#hidden));
  }

  #moment(moment: string): void {
    if (this.#luck() >= this.#chance || this.images.length >= IMAGES * 2) return;
    const path = scratchFolder('power');
    const chance = [0, 0.1, 0.5, 1][Math.floor(this.#luck() * 4)]!;
    const isPowerLoss = this.#luck() < 0.85;
    const lost = this.#disk.image(path, this.#root, () => isPowerLoss && this.#luck() < chance, () => (isPowerLoss ? this.#luck() : 0));
    this.images.push({ path, moment, answered: this.states.length - 1, lost, isPowerLoss, hidden: [...this.#hidden] });
  }
}

/** What is wrong with an image, in sentences. */
async function judge(run: Run, { path, moment, answered, lost, isPowerLoss, hidden }: Image, bootIdAfterLoss = 'second'): Promise<readonly string[]> {
  const label = `after ${answered} answers, at ${moment}, ${isPowerLoss ? `${lost} lost` : 'killed'} (${run.names[answered] ?? 'end'}): `;
  const wrong: string[] = [];
  const bootId = isPowerLoss ? bootIdAfterLoss : 'first';
  try {
    // Both open before either has done anything else: recovery by two.
    const [one, two] = await Promise.all([open(path, { bootId }), open(path, { bootId })]);
    const found = await snapshotOf(one, amy, hidden);
    const before = run.states[answered]!;
    const after = run.states[answered + 1] ?? before;
    const isOneOf = [before, after].some((state) => JSON.stringify(visible(state)) === JSON.stringify(visible(found)))
      || (run.names[answered] === GROUP && isMixture(before, after, found));
    if (!isOneOf) wrong.push(...difference(before, found));
    wrong.push(...await disagreements(path, two.store, amy));
    const home = (await two.store.findHome(amy))!;
    await attempt(two.store, home, { name: 'after', work: (tx) => tx.updateCollection(home.root.id, { set: new Map([['{x:}after', '1']]) }) });
    await one.checkpoint();
    await two.checkpoint();
    wrong.push(...(await disagreements(path, one.store, amy)).map((sentence) => `after a checkpoint: ${sentence}`));
    await one.close();
    await two.close();
  } catch (error) {
    wrong.push(error instanceof Error ? error.stack ?? error.message : String(error));
  }
  return wrong.map((sentence) => label + sentence);
}
/** A collection that is hidden by the change in flight is told in one of two ways; its items are compared where it is listed. */
const visible = (lines: readonly string[]): readonly string[] => lines.filter((line) => !line.includes(' hidden '));
/** Line by line one or the other; the sum of octets is whatever that makes. */
function isMixture(before: readonly string[], after: readonly string[], found: readonly string[]): boolean {
  const byPath = (lines: readonly string[]): ReadonlyMap<string, string> => new Map(lines.filter((line) => !line.startsWith('octets ')).map((line) => [line.split(' ', 2).join(' '), line]));
  const [old, young, there] = [byPath(before), byPath(after), byPath(found)];
  return [...new Set([...old.keys(), ...young.keys(), ...there.keys()])].every((path) => [old.get(path), young.get(path)].includes(there.get(path)));
}
function difference(expected: readonly string[], found: readonly string[]): readonly string[] {
  return [...expected.filter((line) => !found.includes(line)).map((line) => `missing ${line.slice(0, 200)}`), ...found.filter((line) => !expected.includes(line)).map((line) => `unexpected ${line.slice(0, 200)}`)];
}

describe('the flat-file store after a power loss', () => {
  it.each(SEEDS)('has all that was answered, whole, and files that agree (seed %i)', { timeout: 300_000 }, async (seed) => {
    const run = new Run(seed);
    await run.changes();
    expect(run.images.length).toBeGreaterThan(IMAGES / 3);
    expect(run.images.filter(({ lost }) => lost > 0).length).toBeGreaterThan(IMAGES / 10);
    expect(await wrongsOf(run)).toEqual([]);
  });

  it('would be caught if it forgot its flushes', { timeout: 300_000 }, async () => {
    const run = new Run(1, true);
    await run.changes();
    expect((await wrongsOf(run)).length).toBeGreaterThan(0);
  });

  it('would be caught if it took the files of a machine that restarted for whole', { timeout: 300_000 }, async () => {
    const run = new Run(2);
    await run.changes();
    expect((await wrongsOf(run, 'first')).length).toBeGreaterThan(0);
  });
});

async function wrongsOf(run: Run, bootIdAfterLoss?: string): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const image of run.images) {
    wrong.push(...await judge(run, image, bootIdAfterLoss));
    rmSync(image.path, { recursive: true });
  }
  return wrong;
}
