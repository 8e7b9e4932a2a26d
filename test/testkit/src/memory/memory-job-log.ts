/** JobLog in memory: jobs in order of their ids, which is the order of commit within a home. A lane is the jobs of one home that share its name. */
import type { ClaimedJob, Clock, EpochSeconds, HomeId, JobId, JobLog, Lease, WaitingJob } from '@kalends/contracts';
import type { EnqueuedJob } from './memory-writer.ts';
import type { JobState, MemoryData } from './state.ts';

export class MemoryJobLog implements JobLog {
  readonly #data: MemoryData;
  readonly #clock: Clock;
  /** Stands for this process; another instance on the same data has another. */ readonly #self = {};
  /** Born here and not handed out yet. */ readonly #born = new Set<JobId>();

  constructor(data: MemoryData, clock: Clock) {
    this.#data = data;
    this.#clock = clock;
  }

  newId(): JobId {
    return `j${String(++this.#data.counter).padStart(12, '0')}` as JobId;
  }
  commit(home: HomeId, enqueued: readonly EnqueuedJob[], finished: readonly JobId[]): void {
    for (const { id, job, leaseMilliseconds } of enqueued) {
      const held = leaseMilliseconds === undefined ? undefined : { by: this.#self, until: this.#clock.now() + leaseMilliseconds };
      if (held) this.#born.add(id);
      this.#data.jobs.set(id, {
        id, home, kind: job.kind, payload: job.payload, lane: job.lane, notBefore: job.notBefore ?? Math.floor(this.#clock.now() / 1000), attempt: 0, reason: undefined, held,
      });
    }
    for (const id of finished) if (this.#data.jobs.get(id)?.home === home) this.#data.jobs.delete(id);
  }

  async claim(want: { readonly kinds: readonly string[]; readonly limit: number; readonly leaseMilliseconds: number }): Promise<readonly ClaimedJob[]> {
    const now = this.#clock.now();
    return this.#inOrder()
      .filter((job) => want.kinds.includes(job.kind) && job.notBefore * 1000 <= now && !isHeld(job, now) && this.#leadsLane(job))
      .slice(0, want.limit)
      .map((job) => this.#handOut(job, now + want.leaseMilliseconds));
  }
  async held(ids: readonly JobId[]): Promise<readonly ClaimedJob[]> {
    const now = this.#clock.now();
    const mine = this.#inOrder().filter((job) => ids.includes(job.id) && this.#born.has(job.id) && job.held?.by === this.#self && isHeld(job, now));
    return mine.filter((job) => this.#leadsLane(job)).map((job) => this.#handOut(job, job.held!.until));
  }
  async renew(id: JobId, leaseMilliseconds: number): Promise<boolean> {
    const job = this.#data.jobs.get(id);
    const now = this.#clock.now();
    if (job === undefined || job.held?.by !== this.#self || !isHeld(job, now)) return false;
    this.#data.jobs.set(id, { ...job, held: { by: this.#self, until: now + leaseMilliseconds } });
    return true;
  }
  async finish(id: JobId): Promise<void> {
    this.#data.jobs.delete(id);
  }
  async retry(id: JobId, notBefore: EpochSeconds, reason: string): Promise<void> {
    const job = this.#data.jobs.get(id);
    if (job) this.#data.jobs.set(id, { ...job, notBefore, reason, held: undefined });
  }
  async list(filter: { readonly kind?: string; readonly home?: HomeId }, after: JobId | undefined, limit: number): Promise<readonly WaitingJob[]> {
    return this.#inOrder()
      .filter((job) => (after === undefined || job.id > after) && (filter.kind ?? job.kind) === job.kind && (filter.home ?? job.home) === job.home)
      .slice(0, limit)
      .map((job) => ({ ...claimed(job), notBefore: job.notBefore, reason: job.reason }));
  }
  /** Held until released: nothing but the end of this process takes it away. */
  async lease(name: string, _ttlMilliseconds: number): Promise<Lease | undefined> {
    const last = this.#data.leases.get(name);
    if (last?.held) return undefined;
    const number = (last?.number ?? 0) + 1;
    this.#data.leases.set(name, { number, held: true });
    const release = async (): Promise<void> => {
      if (this.#data.leases.get(name)?.number === number) this.#data.leases.set(name, { number, held: false });
    };
    return { number, signal: new AbortController().signal, release };
  }

  #inOrder(): JobState[] {
    return [...this.#data.jobs.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }
  #leadsLane(job: JobState): boolean {
    return job.lane === undefined || this.#inOrder().find(({ home, lane }) => home === job.home && lane === job.lane)?.id === job.id;
  }
  #handOut(job: JobState, until: number): ClaimedJob {
    const next = { ...job, attempt: job.attempt + 1, held: { by: this.#self, until } };
    this.#born.delete(job.id);
    this.#data.jobs.set(job.id, next);
    return claimed(next);
  }
}

function isHeld(job: JobState, now: number): boolean {
  return job.held !== undefined && job.held.until > now;
}
function claimed({ id, kind, payload, attempt, home }: JobState): ClaimedJob {
  return { id, kind, payload: structuredClone(payload), attempt, home };
}
