/**
 * Several processes on the same data, and one of them killed with -9 in the middle of its work. For stores whose traits say `process` there is nobody to
 * start: the cases only see that this is what the traits say. The clock is the real one here; nothing is measured by it.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { file } from '../ics.ts';
import { bookHour, countUp, writeOn } from '../store-task.ts';
import type { StoreReport, StoreTask } from '../store-task.ts';
import { systemClock } from '../doubles/system-clock.ts';
import { all, itemName, NO_LIMITS, principal, random, world } from './given.ts';
import type { World } from './given.ts';
import type { OpenStore } from './store-harness.ts';

const NEVER = new AbortController().signal;

class Child implements AsyncDisposable {
  readonly reports: StoreReport[] = [];
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;
  #wake: () => void = () => undefined;

  constructor(process: ChildProcess) {
    this.#process = process;
    process.on('message', (report: StoreReport) => {
      this.reports.push(report);
      this.#wake();
    });
    this.#ended = once(process, 'exit').then(() => this.#wake());
  }

  /** Resolves with the first report that `matches`, or when the child has ended. */
  async heard(matches: (report: StoreReport) => boolean): Promise<StoreReport | undefined> {
    for (;;) {
      const found = this.reports.find(matches);
      if (found || this.#process.exitCode !== null || this.#process.signalCode !== null) return found;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
  go(): void {
    this.#process.send({ go: true });
  }
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }
  async done(): Promise<readonly StoreReport[]> {
    await this.#ended;
    return this.reports;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

type Spawning = World & { spawn(task: StoreTask): ChildProcess };
const processes = (open: OpenStore, run: (w: Spawning) => Promise<void>) => async (): Promise<void> => {
  await using w = await world(open, { clock: systemClock });
  if (w.spawn === undefined) expect(w.store.traits.concurrency).toBe('process');
  else await run(w as Spawning);
};
async function start(w: Spawning, task: StoreTask): Promise<Child> {
  const child = new Child(w.spawn(task));
  await child.heard(({ said }) => said === 'ready');
  return child;
}
const said = <S extends StoreReport['said']>(reports: readonly StoreReport[], what: S): readonly Extract<StoreReport, { said: S }>[] =>
  reports.filter((report): report is Extract<StoreReport, { said: S }> => report.said === what);
const text = async (w: World, name: string): Promise<string> => new TextDecoder().decode((await w.files.get(name)).body);

export function describeProcesses(open: OpenStore): void {
  describeRaces(open);
  describeKills(open);
}

function describeRaces(open: OpenStore): void {
  it('accepts exactly one of the bookings of an hour that several processes make', processes(open, async (w) => {
    const place = { home: w.homeId, collection: w.calendar.id };
    await using one = await start(w, { do: 'book', ...place, hours: 15, client: 'one' });
    await using two = await start(w, { do: 'book', ...place, hours: 15, client: 'two' });
    one.go();
    two.go();
    const own: boolean[] = [];
    for (let hour = 0; hour < 15; hour++) own.push((await w.change((tx) => bookHour(tx, w.calendar.id, hour, 'own'))).value);
    const reports = [...await one.done(), ...await two.done()];
    expect(said(reports, 'failed')).toEqual([]);
    for (let hour = 0; hour < 15; hour++) {
      const accepted = [...said(reports, 'booked').filter((report) => report.hour === hour).map((report) => report.accepted), own[hour]!];
      expect(accepted.filter((yes) => yes), `hour ${hour}`).toHaveLength(1);
      expect(accepted).toHaveLength(3);
    }
    expect(await w.calendar.names()).toHaveLength(15);
  }));

  it.each(['expect', 'work'] as const)('loses no count of several processes (by %s)', (by) => processes(open, async (w) => {
    await w.files.put(file('counter', '0'));
    const place = { home: w.homeId, collection: w.files.id };
    await using one = await start(w, { do: 'count', ...place, name: 'counter', times: 25, by });
    await using two = await start(w, { do: 'count', ...place, name: 'counter', times: 25, by });
    one.go();
    two.go();
    const own: number[] = [];
    for (let n = 0; n < 25; n++) own.push(await countUp(w.store, place, 'counter', by));
    const values = [...said([...await one.done(), ...await two.done()], 'counted').map(({ value }) => value), ...own];
    expect(values.sort((a, b) => a - b)).toEqual(Array.from({ length: 75 }, (_, n) => n + 1));
    expect(await text(w, 'counter')).toBe('75');
  })());

  it('loses no count of several processes in a record', processes(open, async (w) => {
    await w.recordStore.apply([{ kind: 'counter', key: 'c', value: 0 }]);
    await using one = await start(w, { do: 'record', key: 'c', times: 30 });
    await using two = await start(w, { do: 'record', key: 'c', times: 30 });
    one.go();
    two.go();
    const values = said([...await one.done(), ...await two.done()], 'counted').map(({ value }) => value);
    expect(values.sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, n) => n + 1));
    expect((await w.recordStore.get('counter', 'c'))!.value).toBe(60);
  }));

  it('makes one home for an owner whom several processes meet at once', processes(open, async (w) => {
    const owners = Array.from({ length: 10 }, (_, n) => principal(`new-${n}`));
    await using one = await start(w, { do: 'homes', owners });
    await using two = await start(w, { do: 'homes', owners });
    one.go();
    two.go();
    const reports = [...await one.done(), ...await two.done()];
    expect(said(reports, 'failed')).toEqual([]);
    for (const owner of owners) {
      const ids = new Set(said(reports, 'home').filter((report) => report.owner === owner).map(({ id }) => id));
      const home = (await w.store.findHome(owner))!;
      expect([...ids]).toEqual([home.id]);
      expect(await w.store.listCollections(home.root.id, 'infinity')).toHaveLength(1);
    }
  }));

  it('gives a lease and jobs to one process, and to the next when that is killed', processes(open, async (w) => {
    for (let n = 0; n < 3; n++) await w.change((tx) => tx.enqueue({ kind: 'k', payload: n }));
    await using child = await start(w, { do: 'hold', lease: 'duty', leaseMilliseconds: 1500 });
    child.go();
    const held = await child.heard((report) => report.said === 'holds');
    expect(held).toMatchObject({ jobs: { length: 3 } });
    expect(await w.jobLog.lease('duty', 1500)).toBeUndefined();
    expect(await w.jobLog.claim({ kinds: ['k'], limit: 10, leaseMilliseconds: 1500 })).toEqual([]);
    await child.kill();
    const until = async <T>(attempt: () => Promise<T | undefined>): Promise<T> => {
      for (;;) {
        const got = await attempt();
        if (got !== undefined) return got;
        await systemClock.after(50);
      }
    };
    const lease = await until(() => w.jobLog.lease('duty', 1500));
    expect(lease.number).toBeGreaterThan((held as { lease: number }).lease);
    await lease.release();
    const jobs = await until(async () => {
      const claimed = await w.jobLog.claim({ kinds: ['k'], limit: 10, leaseMilliseconds: 60_000 });
      return claimed.length > 0 ? claimed : undefined;
    });
    expect(jobs.every(({ attempt }) => attempt === 2)).toBe(true);
  }));
}

function describeKills(open: OpenStore): void {
  it('loses nothing that was answered when a process is killed between any two writes, while another serves on', { timeout: 120_000 }, processes(open, async (w) => {
    const next = random(41);
    const place = { home: w.homeId, collection: w.calendar.id, files: w.files.id };
    for (let round = 0; round < 6; round++) {
      const client = `child-${round}`;
      await using child = await start(w, { do: 'write', ...place, client });
      let killed = false;
      const served: number[] = [];
      child.go();
      const serving = writeOn(w.store, { ...place, client: `own-${round}` }, () => killed, (report) => {
        if (report.said === 'answered') served.push(report.version);
      });
      const versions = 1 + Math.floor(next() * 25);
      await child.heard((report) => report.said === 'answered' && report.version >= versions);
      await systemClock.after(next() * 8);
      await child.kill();
      killed = true;
      await serving;
      expect(said(child.reports, 'failed')).toEqual([]);
      await expectWhole(w, client, said(child.reports, 'answered').at(-1)!.version);
      await expectWhole(w, `own-${round}`, served.at(-1)!);
      await w.change((tx) => tx.putItem(w.files.id, file('after', String(round))), NO_LIMITS);
    }
    expect(await all(w.maintenance.verify(w.homeId, NEVER))).toEqual([]);
    const items = (await Promise.all([w.calendar, w.files].map((at) => at.list({ meta: true })))).flat();
    expect((await w.now()).usedOctets).toBe(items.reduce((sum, { meta }) => sum + meta!.size, 0));
  }));
}

/** One version everywhere, and none that is older than the last that was answered. */
async function expectWhole(w: World, client: string, answered: number): Promise<void> {
  for (const provider of [w, await w.reopen()]) {
    const files = w.files.through(provider);
    const versions = await Promise.all(['a', 'b', 'c'].map(async (part) => Number(new TextDecoder().decode((await files.get(`${client}-${part}`)).body).split(' ')[0])));
    const [version] = versions as [number];
    expect(new Set(versions).size).toBe(1);
    expect(version).toBeGreaterThanOrEqual(answered);
    expect(version).toBeLessThanOrEqual(answered + 1);
    expect(new TextDecoder().decode((await w.calendar.through(provider).get(`${client}.ics`)).body)).toContain(`SUMMARY:version ${version}\r\n`);
    const there = await files.find(`${client}-moves-${(version + 1) % 2}`, { body: true });
    expect(new TextDecoder().decode(there?.body)).toBe(String(version));
    expect(await provider.store.findItem(w.files.id, itemName(`${client}-moves-${version % 2}`), {})).toBeUndefined();
  }
}
