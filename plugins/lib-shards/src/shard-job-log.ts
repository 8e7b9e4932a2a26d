/** The JobLog over shards: looks with plain reads, claims through the writer. Leases of duties lie in the state, since their numbers must never start again. */
import type { ClaimedJob, Clock, HomeId, JobId, JobLog, Lease, WaitingJob } from '@kalends/contracts';
import { integer, text, type Row } from './database.ts';
import { homeIdOf, shardOfId } from './identifiers.ts';
import type { ReadSide } from './read-side.ts';
import * as sql from './read-statements.ts';
import type { PrincipalId } from '@kalends/contracts';
import type { ClaimedRow } from './writer/job-tasks.ts';
import { olderInLane } from './writer/job-tasks.ts';
import type { WriterPort } from './writer/writer-core.ts';

export interface JobLogOptions { readonly shards: number; readonly clock: Clock; readonly reads: ReadSide; readonly port: WriterPort; readonly holder: string }

export class ShardJobLog implements JobLog {
  readonly #options: JobLogOptions;
  readonly #leases = new Set<HeldLease>();
  /** Where the next claim begins, so that no shard waits behind a busy one. */
  #turn = 0;

  constructor(options: JobLogOptions) {
    this.#options = options;
  }

  async claim({ kinds, limit, leaseMilliseconds }: Parameters<JobLog['claim']>[0]): Promise<readonly ClaimedJob[]> {
    const { shards, clock, reads, port, holder } = this.#options;
    const claimed: ClaimedJob[] = [];
    const from = this.#turn++;
    for (let step = 0; step < shards && claimed.length < limit; step++) {
      const shard = (from + step) % shards;
      const now = clock.now();
      const due = await reads.read(shard, ({ database }) => database.statement(sql.dueKinds).all(now));
      if (!due.some(([kind]) => kinds.includes(text(kind)))) continue;
      const rows = await port.task(shard, 'jobs-claim', { kinds, limit: limit - claimed.length, leaseMilliseconds, holder, now }) as readonly ClaimedRow[];
      for (const { id, kind, payload, attempt, home } of rows) {
        claimed.push({ id: id as JobId, kind, payload: JSON.parse(payload) as unknown, attempt, home: homeIdOf(home as PrincipalId) });
      }
    }
    return claimed;
  }

  async held(ids: readonly JobId[]): Promise<readonly ClaimedJob[]> {
    const { shards, clock, reads, holder } = this.#options;
    const found: ClaimedJob[] = [];
    for (const id of ids) {
      const job = await reads.read(shardOfId(id, shards), ({ database }) => {
        const row = database.statement(sql.heldJob).get(id, holder, clock.now());
        const isFree = row !== undefined && (row[5] === null || database.statement(olderInLane).get(row[4]!, row[5]!, row[0]!) === undefined);
        return isFree ? row : undefined;
      });
      if (job === undefined) continue;
      found.push({ id, kind: text(job[1]), payload: JSON.parse(text(job[2])) as unknown, attempt: integer(job[3]), home: text(job[6]) as HomeId });
    }
    return found;
  }

  async renew(id: JobId, leaseMilliseconds: number): Promise<boolean> {
    const { shards, clock, port, holder } = this.#options;
    return await port.task(shardOfId(id, shards), 'job-renew', { id, leaseMilliseconds, holder, now: clock.now() }) as boolean;
  }
  async finish(id: JobId): Promise<void> {
    await this.#options.port.task(shardOfId(id, this.#options.shards), 'job-finish', id);
  }
  async retry(id: JobId, notBefore: number, reason: string): Promise<void> {
    await this.#options.port.task(shardOfId(id, this.#options.shards), 'job-retry', { id, due: notBefore * 1_000, reason });
  }

  async list({ kind, home }: Parameters<JobLog['list']>[0], after: JobId | undefined, limit: number): Promise<readonly WaitingJob[]> {
    const found: WaitingJob[] = [];
    for (let shard = 0; shard < this.#options.shards; shard++) {
      for (let last: string = after ?? ''; ;) {
        const from = last;
        const rows: readonly Row[] = await this.#options.reads.read(shard, ({ database }) => database.statement(sql.listJobs).all(from, limit));
        found.push(...rows.map(toWaiting).filter((job) => (kind === undefined || job.kind === kind) && (home === undefined || job.home === home)));
        last = text(rows.at(-1)?.[0]);
        if (rows.length < limit || found.length >= limit) break;
      }
    }
    return found.sort((left, right) => (left.id < right.id ? -1 : 1)).slice(0, limit);
  }

  async lease(name: string, ttlMilliseconds: number): Promise<Lease | undefined> {
    const { clock, port, holder } = this.#options;
    const number = await port.state({ task: 'lease', name, holder, ttlMilliseconds, now: clock.now() }) as number | undefined;
    if (number === undefined) return undefined;
    const lease = new HeldLease(this.#options, name, number, ttlMilliseconds, () => { this.#leases.delete(lease); });
    this.#leases.add(lease);
    return lease;
  }

  /** Gives up what is held. */
  async close(): Promise<void> {
    for (const lease of [...this.#leases]) await lease.release();
  }
}

function toWaiting([id, kind, payload, attempt, home, due, reason]: Row): WaitingJob {
  return {
    id: text(id) as JobId, kind: text(kind), payload: JSON.parse(text(payload)) as unknown, attempt: integer(attempt), home: text(home) as HomeId,
    notBefore: Math.ceil(integer(due) / 1_000), reason: typeof reason === 'string' ? reason : undefined,
  };
}

/** Renews itself at a third of its length, and aborts its signal before anybody else could have it. */
class HeldLease implements Lease {
  readonly number: number;
  readonly #options: JobLogOptions;
  readonly #name: string;
  readonly #over = new AbortController();
  readonly #forget: () => void;

  constructor(options: JobLogOptions, name: string, number: number, ttlMilliseconds: number, forget: () => void) {
    this.#options = options;
    this.#name = name;
    this.number = number;
    this.#forget = forget;
    void this.#keep(ttlMilliseconds);
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  async release(): Promise<void> {
    if (this.#over.signal.aborted) return;
    this.#end();
    await this.#options.port.state({ task: 'end-lease', name: this.#name, number: this.number, holder: this.#options.holder });
  }

  #end(): void {
    this.#over.abort();
    this.#forget();
  }

  async #keep(ttlMilliseconds: number): Promise<void> {
    const { clock, port, holder } = this.#options;
    let until = clock.monotonic() + ttlMilliseconds;
    while (!this.#over.signal.aborted) {
      try {
        await clock.after(ttlMilliseconds / 3, this.#over.signal);
        const asked = clock.monotonic();
        const isMine = await port.state({ task: 'renew-lease', name: this.#name, number: this.number, holder, ttlMilliseconds, now: clock.now() });
        if (isMine !== true) break;
        until = asked + ttlMilliseconds;
      } catch {
        if (this.#over.signal.aborted || clock.monotonic() >= until - ttlMilliseconds / 3) break;
      }
    }
    if (!this.#over.signal.aborted) this.#end();
  }
}
