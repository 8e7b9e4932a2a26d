import type { ClaimedJob, HomeId, JobDraft, JobId, PrincipalId } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import { fakeClock, localChannel, memoryStore } from '@kalends/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { StoreJobQueue } from './store-job-queue.ts';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const LIMITS = { octets: Infinity, collections: Infinity, itemsPerCollection: Infinity, attachmentsPerItem: Infinity };
const queues: StoreJobQueue[] = [];
afterEach(async () => { for (const queue of queues.splice(0)) await queue.stop(AbortSignal.timeout(1_000)); });

async function given() {
  const clock = fakeClock();
  const { store, jobLog } = memoryStore({ clock });
  const home = await store.createHome({ id: 'A' as PrincipalId, kind: 'user', name: 'alice' }, { properties: new Map(), acl: [] }, []);
  const queue = new StoreJobQueue({ jobLog, channel: localChannel(), clock, log: silent, pollMilliseconds: 1_000, leaseMilliseconds: 10_000, concurrency: 2 });
  queues.push(queue);
  const enqueue = async (draft: JobDraft, mine = false): Promise<JobId> =>
    (await store.write(home.id, LIMITS, (tx) => tx.enqueue(draft, mine ? { leaseMilliseconds: 10_000 } : undefined))).value;
  return { clock, store, jobLog, queue, enqueue, home: home.id as HomeId };
}

describe('StoreJobQueue', () => {
  it('runs the request\'s own jobs at once, and the jobs they cause', async () => {
    const { queue, enqueue, jobLog } = await given();
    const ran: unknown[] = [];
    queue.handle('answer', (job) => { ran.push(job.payload); return Promise.resolve({ kind: 'done' }); });
    queue.handle('invite', async (job) => {
      ran.push(job.payload);
      return { kind: 'done', caused: [await enqueue({ kind: 'answer', payload: 'room' }, true)] };
    });
    const id = await enqueue({ kind: 'invite', payload: 'alice' }, true);
    expect(await queue.runNow([id], AbortSignal.timeout(2_000))).toBe('done');
    expect(ran).toEqual(['alice', 'room']);
    expect(await jobLog.list({}, undefined, 10)).toEqual([]);
  });

  it('leaves to the queue what the deadline cuts off', async () => {
    const { queue, enqueue } = await given();
    queue.handle('slow', () => Promise.resolve({ kind: 'done' }));
    const id = await enqueue({ kind: 'slow', payload: 1 }, true);
    expect(await queue.runNow([id], AbortSignal.abort())).toBe('pending');
  });

  it('claims due jobs in the background, also those of a process that died', async () => {
    const { queue, enqueue, clock, jobLog } = await given();
    const { promise, resolve } = Promise.withResolvers<ClaimedJob>();
    queue.handle('work', (job) => { resolve(job); return Promise.resolve({ kind: 'done' }); });
    await enqueue({ kind: 'work', payload: 'orphan' }, true);
    queue.start();
    for (let second = 0; second < 15; second++) await clock.advance(1_000);
    expect((await promise).payload).toBe('orphan');
    for (let turn = 0; turn < 20 && (await jobLog.list({}, undefined, 10)).length > 0; turn++) await new Promise((done) => { setTimeout(done, 5); });
    expect(await jobLog.list({}, undefined, 10)).toEqual([]);
  });

  it('tries a failed job again later, with the reason for people to read', async () => {
    const { queue, enqueue, jobLog, clock } = await given();
    let attempts = 0;
    queue.handle('flaky', () => {
      attempts++;
      return attempts === 1 ? Promise.reject(new Error('mail server is down')) : Promise.resolve({ kind: 'done' });
    });
    const id = await enqueue({ kind: 'flaky', payload: 1 }, true);
    await queue.runNow([id], AbortSignal.timeout(2_000));
    const [waiting] = await jobLog.list({}, undefined, 10);
    expect(waiting).toMatchObject({ reason: 'Error: mail server is down' });
    expect(waiting!.notBefore).toBeGreaterThan(Math.floor(clock.now() / 1000));
    queue.start();
    for (let second = 0; second < 60 && attempts < 2; second++) await clock.advance(1_000);
    expect(attempts).toBe(2);
  });

  it('keeps a job that asks for another time', async () => {
    const { queue, enqueue, jobLog, clock } = await given();
    const later = Math.floor(clock.now() / 1000) + 3_600;
    queue.handle('later', () => Promise.resolve({ kind: 'again', notBefore: later, reason: 'office hours' }));
    await queue.runNow([await enqueue({ kind: 'later', payload: 1 }, true)], AbortSignal.timeout(2_000));
    expect(await jobLog.list({}, undefined, 10)).toMatchObject([{ notBefore: later, reason: 'office hours' }]);
  });

  it('refuses two handlers for one kind', async () => {
    const { queue } = await given();
    queue.handle('a', () => Promise.resolve({ kind: 'done' }));
    expect(() => { queue.handle('a', () => Promise.resolve({ kind: 'done' })); }).toThrow('already');
  });
});
