/** The job-log contract as tests: jobs come from `StoreWriter.enqueue`, go to one caller at a time, and are lost by nobody. */
import { describe, expect, it } from 'vitest';
import type { ClaimedJob, HomeId, JobDraft, JobId, JobLog } from '@kalends/contracts';
import { file } from '../ics.ts';
import { FIRST, NO_LIMITS, owner, world } from './given.ts';
import type { World } from './given.ts';
import type { OpenStore } from './store-harness.ts';

const LEASE = 60_000;
const claim = (jobLog: JobLog, limit = 100, kinds: readonly string[] = ['k']): Promise<readonly ClaimedJob[]> => jobLog.claim({ kinds, limit, leaseMilliseconds: LEASE });
const seconds = (w: World): number => Math.floor(w.clock.now() / 1000);
async function enqueue(w: World, ...jobs: readonly Partial<JobDraft>[]): Promise<readonly JobId[]> {
  return (await w.change(async (tx) => {
    const ids: JobId[] = [];
    for (const [n, job] of jobs.entries()) ids.push(await tx.enqueue({ kind: 'k', payload: { n }, ...job }));
    return ids;
  })).value;
}
const payloads = (jobs: readonly ClaimedJob[]): readonly unknown[] => jobs.map(({ payload }) => payload);
const ids = (jobs: readonly ClaimedJob[]): readonly JobId[] => jobs.map(({ id }) => id).sort();

export function describeJobLog(name: string, open: OpenStore): void {
  describe(`${name} keeps the job-log contract`, () => {
    describe('claims', () => describeClaims(open));
    describe('lanes', () => describeLanes(open));
    describe('jobs held from birth', () => describeHeld(open));
    describe('ends', () => describeEnds(open));
    describe('leases', () => describeLeases(open));
  });
}

function describeClaims(open: OpenStore): void {
  it('hands a due job to one caller, with all it was given', async () => {
    await using w = await world(open);
    const second = await w.reopen();
    const payload = { to: ['mailto:ä@example.com'], n: 1.5, none: null };
    const [id] = await enqueue(w, { payload });
    expect(await claim(w.jobLog)).toEqual([{ id, kind: 'k', payload, attempt: 1, home: w.homeId }]);
    expect(await claim(w.jobLog)).toEqual([]);
    expect(await claim(second.jobLog)).toEqual([]);
  });

  it('hands out only kinds that are asked for, and no more than asked for', async () => {
    await using w = await world(open);
    await enqueue(w, {}, {}, {}, { kind: 'other' });
    expect(await claim(w.jobLog, 2)).toHaveLength(2);
    expect(await claim(w.jobLog, 10, ['other', 'unknown'])).toMatchObject([{ kind: 'other' }]);
    expect(await claim(w.jobLog, 10, [])).toEqual([]);
    expect(await claim(w.jobLog)).toHaveLength(1);
  });

  it('waits for the time of a job', async () => {
    await using w = await world(open);
    await enqueue(w, { notBefore: seconds(w) + 60 });
    expect(await claim(w.jobLog)).toEqual([]);
    await w.clock.advance(61_000);
    expect(await claim(w.jobLog)).toHaveLength(1);
  });

  it('hands a job out again when its lease has ended, and counts', async () => {
    await using w = await world(open);
    const second = await w.reopen();
    const [id] = await enqueue(w, {});
    await claim(w.jobLog);
    await w.clock.advance(LEASE - 1000);
    expect(await claim(second.jobLog)).toEqual([]);
    await w.clock.advance(2000);
    expect(await claim(second.jobLog)).toMatchObject([{ id, attempt: 2 }]);
    expect(await w.jobLog.renew(id!, LEASE)).toBe(false);
  });

  it('keeps a job for who renews its lease', async () => {
    await using w = await world(open);
    const second = await w.reopen();
    const [id] = await enqueue(w, {});
    await claim(w.jobLog);
    for (let n = 0; n < 3; n++) {
      await w.clock.advance(LEASE - 1000);
      expect(await w.jobLog.renew(id!, LEASE)).toBe(true);
    }
    expect(await claim(second.jobLog)).toEqual([]);
    expect(await second.jobLog.renew(id!, LEASE)).toBe(false);
    expect(await w.jobLog.renew('unknown' as JobId, LEASE)).toBe(false);
  });

  it('hands each of many jobs to exactly one of several who claim at once', async () => {
    await using w = await world(open);
    const second = await w.reopen();
    const made = await enqueue(w, ...Array.from({ length: 40 }, () => ({})));
    const claims = (await Promise.all(Array.from({ length: 8 }, (_, n) => claim((n % 2 ? second : w).jobLog, 5)))).flat();
    const rest = await claim(w.jobLog);
    expect(ids([...claims, ...rest])).toEqual([...made].sort());
  });

  it('hands out jobs of every home', async () => {
    await using w = await world(open);
    const homes: HomeId[] = [];
    for (let n = 0; n < 20; n++) {
      const { id } = await w.store.createHome(owner(`user-${n}`), { properties: new Map(), acl: [] }, FIRST);
      homes.push(id);
      await w.store.write(id, NO_LIMITS, (tx) => tx.enqueue({ kind: 'k', payload: n }));
    }
    expect((await claim(w.jobLog)).map(({ home }) => home).sort()).toEqual(homes.sort());
  });

  it('knows nothing of a job whose change did not happen', async () => {
    await using w = await world(open);
    await expect(w.change(async (tx) => {
      await tx.enqueue({ kind: 'k', payload: 1 });
      throw new Error('no');
    })).rejects.toThrow('no');
    expect(await claim(w.jobLog)).toEqual([]);
    expect(await w.jobLog.list({}, undefined, 10)).toEqual([]);
  });
}

function describeLanes(open: OpenStore): void {
  it('runs jobs of a lane one at a time, in the order of their commits', async () => {
    await using w = await world(open);
    for (let n = 0; n < 3; n++) await enqueue(w, { payload: n, lane: 'l' });
    for (let n = 0; n < 3; n++) {
      const jobs = await claim(w.jobLog);
      expect(payloads(jobs)).toEqual([n]);
      expect(await claim((await w.reopen()).jobLog)).toEqual([]);
      await w.jobLog.finish(jobs[0]!.id);
    }
  });

  it('runs jobs of one change in the order they were enqueued', async () => {
    await using w = await world(open);
    await enqueue(w, { payload: 'a', lane: 'l' }, { payload: 'b', lane: 'l' }, { payload: 'c', lane: 'l' });
    for (const payload of ['a', 'b', 'c']) {
      const jobs = await claim(w.jobLog);
      expect(payloads(jobs)).toEqual([payload]);
      await w.jobLog.finish(jobs[0]!.id);
    }
  });

  it('lets lanes, homes and jobs without a lane run beside one another', async () => {
    await using w = await world(open);
    const ben = await w.store.createHome(owner('ben'), { properties: new Map(), acl: [] }, FIRST);
    await enqueue(w, { lane: 'l' }, { lane: 'm' }, {}, {});
    await w.store.write(ben.id, NO_LIMITS, (tx) => tx.enqueue({ kind: 'k', payload: 1, lane: 'l' }));
    expect(await claim(w.jobLog)).toHaveLength(5);
  });

  it('holds a lane for its oldest job, though that must wait or be tried again', async () => {
    await using w = await world(open);
    const [first, second] = await enqueue(w, { lane: 'l' }, { lane: 'l' });
    await claim(w.jobLog);
    await w.jobLog.retry(first!, seconds(w) + 600, 'not now');
    expect(await claim(w.jobLog)).toEqual([]);
    await w.clock.advance(601_000);
    expect(ids(await claim(w.jobLog))).toEqual([first]);
    await w.jobLog.finish(first!);
    expect(ids(await claim(w.jobLog))).toEqual([second]);
  });

  it('holds a lane over kinds: a caller who wants another kind waits as well', async () => {
    await using w = await world(open);
    await enqueue(w, { kind: 'other', lane: 'l' }, { lane: 'l' });
    expect(await claim(w.jobLog)).toEqual([]);
    const [other] = await claim(w.jobLog, 1, ['other']);
    await w.jobLog.finish(other!.id);
    expect(await claim(w.jobLog)).toHaveLength(1);
  });

  it('may run jobs of a lane as one where they allow it, and always runs the last', async () => {
    await using w = await world(open);
    await enqueue(w, ...[0, 1, 2].map((payload) => ({ payload, lane: 'l', collapse: true })));
    const ran: unknown[] = [];
    for (let jobs = await claim(w.jobLog); jobs.length > 0; jobs = await claim(w.jobLog)) {
      expect(jobs).toHaveLength(1);
      ran.push(...payloads(jobs));
      await w.jobLog.finish(jobs[0]!.id);
    }
    expect(ran.at(-1)).toBe(2);
    expect(ran).toEqual([...ran].sort());
    expect(await w.jobLog.list({}, undefined, 10)).toEqual([]);
  });
}

function describeHeld(open: OpenStore): void {
  const bear = (w: World, job: Partial<JobDraft> = {}): Promise<JobId> => w.change((tx) => tx.enqueue({ kind: 'k', payload: 1, ...job }, { leaseMilliseconds: LEASE })).then(({ value }) => value);

  it('gives a job that was born held to this process, and to nobody else', async () => {
    await using w = await world(open);
    const second = await w.reopen();
    const id = await bear(w);
    expect(await claim(second.jobLog)).toEqual([]);
    expect(await claim(w.jobLog)).toEqual([]);
    expect(await second.jobLog.held([id])).toEqual([]);
    expect(await w.jobLog.held(['unknown' as JobId])).toEqual([]);
    expect(await w.jobLog.held([id])).toEqual([{ id, kind: 'k', payload: 1, attempt: 1, home: w.homeId }]);
    await w.jobLog.finish(id);
    expect(await w.jobLog.held([id])).toEqual([]);
  });

  it('leaves a held job to all when its time is over', async () => {
    await using w = await world(open);
    const second = await w.reopen();
    const id = await bear(w);
    await w.clock.advance(LEASE + 1000);
    expect(await w.jobLog.held([id])).toEqual([]);
    expect(ids(await claim(second.jobLog))).toEqual([id]);
  });

  it('keeps a held job by renewing it', async () => {
    await using w = await world(open);
    const id = await bear(w);
    await w.clock.advance(LEASE - 1000);
    expect(await w.jobLog.renew(id, LEASE)).toBe(true);
    await w.clock.advance(LEASE - 1000);
    expect(await claim((await w.reopen()).jobLog)).toEqual([]);
    expect(ids(await w.jobLog.held([id]))).toEqual([id]);
  });

  it('gives a held job only when its lane is free', async () => {
    await using w = await world(open);
    const [older] = await enqueue(w, { lane: 'l' });
    const id = await bear(w, { lane: 'l' });
    expect(await w.jobLog.held([id])).toEqual([]);
    await claim(w.jobLog);
    expect(await w.jobLog.held([id])).toEqual([]);
    await w.jobLog.finish(older!);
    expect(ids(await w.jobLog.held([id]))).toEqual([id]);
  });

  it('gives the held jobs of several lanes at once, the oldest of each', async () => {
    await using w = await world(open);
    const [a, b, c] = [await bear(w, { lane: 'l' }), await bear(w, { lane: 'l' }), await bear(w, { lane: 'm' })];
    expect(ids(await w.jobLog.held([c, b, a]))).toEqual([a, c].sort());
  });
}

function describeEnds(open: OpenStore): void {
  it('ends a job with the change that ends it, or not at all', async () => {
    await using w = await world(open);
    const [id] = await enqueue(w, {});
    await claim(w.jobLog);
    await expect(w.change(async (tx) => {
      await tx.finishJob(id!);
      throw new Error('no');
    })).rejects.toThrow('no');
    expect(await w.jobLog.list({}, undefined, 10)).toHaveLength(1);
    await w.change(async (tx) => {
      await tx.putItem(w.files.id, file('effect'));
      await tx.finishJob(id!);
    });
    expect(await w.jobLog.list({}, undefined, 10)).toEqual([]);
    await w.clock.advance(10 * LEASE);
    expect(await claim(w.jobLog)).toEqual([]);
  });

  it('does not mind a job that ended before', async () => {
    await using w = await world(open);
    const [id] = await enqueue(w, {});
    await w.jobLog.finish(id!);
    await w.jobLog.finish(id!);
    await w.jobLog.retry(id!, seconds(w), 'late');
    await w.change((tx) => tx.finishJob(id!));
    expect(await w.jobLog.list({}, undefined, 10)).toEqual([]);
  });

  it('puts a job back, not before its time, with a reason for people', async () => {
    await using w = await world(open);
    const [id] = await enqueue(w, {});
    await claim(w.jobLog);
    await w.jobLog.retry(id!, seconds(w) + 60, 'the mail server is down: ü');
    expect(await w.jobLog.list({}, undefined, 10)).toMatchObject([{ id, attempt: 1, notBefore: seconds(w) + 60, reason: 'the mail server is down: ü' }]);
    expect(await claim(w.jobLog)).toEqual([]);
    await w.clock.advance(61_000);
    expect(await claim((await w.reopen()).jobLog)).toMatchObject([{ id, attempt: 2 }]);
  });

  it('lists what waits: by kind, by home, in pages', async () => {
    await using w = await world(open);
    const ben = await w.store.createHome(owner('ben'), { properties: new Map(), acl: [] }, FIRST);
    const made = [...await enqueue(w, ...Array.from({ length: 7 }, () => ({}))), ...await enqueue(w, { kind: 'other' })];
    const { value: bens } = await w.store.write(ben.id, NO_LIMITS, (tx) => tx.enqueue({ kind: 'k', payload: 1, notBefore: seconds(w) + 1000 }));
    expect(await w.jobLog.list({ kind: 'other' }, undefined, 10)).toMatchObject([{ kind: 'other', attempt: 0, reason: undefined }]);
    expect(await w.jobLog.list({ home: ben.id }, undefined, 10)).toMatchObject([{ id: bens, notBefore: seconds(w) + 1000 }]);
    expect(await w.jobLog.list({ kind: 'other', home: ben.id }, undefined, 10)).toEqual([]);
    const seen: JobId[] = [];
    for (let after: JobId | undefined; ;) {
      const page = await w.jobLog.list({}, after, 4);
      seen.push(...page.map(({ id }) => id));
      if (page.length < 4) break;
      after = seen.at(-1);
    }
    expect([...seen].sort()).toEqual([...made, bens].sort());
  });
}

function describeLeases(open: OpenStore): void {
  it('lets one have a lease, over all instances, until it is given up', async () => {
    await using w = await world(open);
    const second = await w.reopen();
    const lease = (await w.jobLog.lease('nightly', LEASE))!;
    expect(await second.jobLog.lease('nightly', LEASE)).toBeUndefined();
    expect(await second.jobLog.lease('another', LEASE)).toBeDefined();
    expect(lease.signal.aborted).toBe(false);
    await lease.release();
    const next = (await second.jobLog.lease('nightly', LEASE))!;
    expect(next.number).toBeGreaterThan(lease.number);
    await lease.release();
    expect(await w.jobLog.lease('nightly', LEASE)).toBeUndefined();
    await next.release();
  });

  it('lets one of several win who ask at once', async () => {
    await using w = await world(open);
    const second = await w.reopen();
    const leases = await Promise.all(Array.from({ length: 8 }, (_, n) => (n % 2 ? second : w).jobLog.lease('nightly', LEASE)));
    expect(leases.filter((lease) => lease !== undefined)).toHaveLength(1);
  });
}
