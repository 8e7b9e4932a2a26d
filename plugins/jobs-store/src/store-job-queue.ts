/**
 * Claims due jobs, runs their handlers, and tells the log how each ended. A handler may run again after a crash or a lost lease: being safe to repeat is its
 * part; never losing a job is ours.
 */
import type { ClaimedJob, Clock, EpochSeconds, JobId, JobLog, JobOutcome, JobQueue, ProcessChannel } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';

type Handler = (job: ClaimedJob, signal: AbortSignal) => Promise<JobOutcome>;

export interface QueueOptions {
  readonly jobLog: JobLog; readonly channel: ProcessChannel; readonly clock: Clock; readonly log: Logger;
  readonly pollMilliseconds: number; readonly leaseMilliseconds: number; readonly concurrency: number;
}

/** Other processes may publish here after they enqueued something that is due. */
export const JOBS_TOPIC = 'jobs-due';

const FIRST_RETRY_SECONDS = 5;
const LONGEST_RETRY_SECONDS = 3_600;
/** How often runNow looks again for a job whose lane somebody else holds. */
const LANE_MILLISECONDS = 25;

export class StoreJobQueue implements JobQueue {
  readonly #options: QueueOptions;
  readonly #handlers = new Map<string, Handler>();
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  #loop: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  handle(kind: string, run: Handler): void {
    if (this.#handlers.has(kind)) throw new Error(`jobs of kind ${kind} have a handler already`);
    this.#handlers.set(kind, run);
  }

  start(): void {
    this.#unsubscribe = this.#options.channel.subscribe(JOBS_TOPIC, () => { this.#wake?.(); });
    this.#loop = this.#run();
  }

  /** Waits for the jobs in hand; at the deadline they are left to their leases. */
  async stop(deadline: AbortSignal): Promise<void> {
    this.#unsubscribe?.();
    this.#stop.abort();
    this.#wake?.();
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    deadline.addEventListener('abort', () => { resolve(undefined); }, { once: true });
    if (deadline.aborted) resolve(undefined);
    await Promise.race([late, Promise.allSettled([this.#loop, ...this.#running])]);
  }

  async runNow(ids: readonly JobId[], deadline: AbortSignal): Promise<'done' | 'pending'> {
    let waiting: readonly JobId[] = ids;
    while (waiting.length > 0) {
      if (deadline.aborted) return 'pending';
      const jobs = await this.#options.jobLog.held(waiting);
      if (jobs.length === 0) {
        if (!(await this.#stillThere(waiting))) return 'done';
        await this.#options.clock.after(LANE_MILLISECONDS, deadline).catch(() => undefined);
        continue;
      }
      const mine = new Set(jobs.map(({ id }) => id));
      const caused: JobId[] = [];
      for (const job of jobs) {
        if (deadline.aborted) return 'pending';
        const outcome = await this.#perform(job, AbortSignal.any([deadline, this.#stop.signal]));
        if (outcome === undefined) continue;
        if (outcome.kind === 'done') caused.push(...(outcome.caused ?? []));
      }
      waiting = [...waiting.filter((id) => !mine.has(id)), ...caused];
    }
    return 'done';
  }

  /** A job of ours that is not held any more is finished, or is another's: then its time in this request is over. */
  async #stillThere(ids: readonly JobId[]): Promise<boolean> {
    for (const id of ids) if (await this.#options.jobLog.renew(id, this.#options.leaseMilliseconds)) return true;
    return false;
  }

  async #run(): Promise<void> {
    const { jobLog, leaseMilliseconds, concurrency, log } = this.#options;
    while (!this.#stop.signal.aborted) {
      let claimed: readonly ClaimedJob[] = [];
      try {
        const free = concurrency - this.#running.size;
        if (free > 0 && this.#handlers.size > 0) claimed = await jobLog.claim({ kinds: [...this.#handlers.keys()], limit: free, leaseMilliseconds });
      } catch (error) {
        log.error('jobs could not be claimed', { error: String(error) });
      }
      for (const job of claimed) {
        const task = this.#perform(job, this.#stop.signal).finally(() => {
          this.#running.delete(task);
          this.#wake?.();
        });
        this.#running.add(task);
      }
      if (claimed.length === 0 || this.#running.size >= concurrency) await this.#pause();
    }
  }

  async #pause(): Promise<void> {
    const wake = new AbortController();
    this.#wake = () => { wake.abort(); };
    await this.#options.clock.after(this.#options.pollMilliseconds, AbortSignal.any([wake.signal, this.#stop.signal])).catch(() => undefined);
    this.#wake = undefined;
  }

  /** Undefined when the job goes back into the queue. */
  async #perform(job: ClaimedJob, signal: AbortSignal): Promise<JobOutcome | undefined> {
    const { jobLog, leaseMilliseconds, log } = this.#options;
    const run = this.#handlers.get(job.kind);
    if (run === undefined) {
      await this.#again(job, `nobody handles jobs of kind ${job.kind}`);
      return undefined;
    }
    const renewal = setInterval(() => { jobLog.renew(job.id, leaseMilliseconds).catch((error: unknown) => { log.warn('a lease was not renewed', { job: job.id, error: String(error) }); }); }, leaseMilliseconds / 3);
    try {
      const outcome = await run(job, signal);
      if (outcome.kind === 'again') await jobLog.retry(job.id, outcome.notBefore, outcome.reason);
      else await jobLog.finish(job.id);
      return outcome.kind === 'done' ? outcome : undefined;
    } catch (error) {
      log.error('a job failed', { kind: job.kind, job: job.id, attempt: job.attempt, error: error instanceof Error ? error.stack : String(error) });
      await this.#again(job, String(error)).catch(() => undefined);
      return undefined;
    } finally {
      clearInterval(renewal);
    }
  }

  async #again(job: ClaimedJob, reason: string): Promise<void> {
    const seconds = Math.min(FIRST_RETRY_SECONDS * 2 ** Math.min(job.attempt, 20), LONGEST_RETRY_SECONDS);
    const now: EpochSeconds = Math.floor(this.#options.clock.now() / 1000);
    await this.#options.jobLog.retry(job.id, now + seconds, reason);
  }
}
