import { extensionPoint } from '@kalends/kernel/extension-point';
import type { EpochSeconds, JobId } from './ids.ts';
import type { ClaimedJob } from './job-log.ts';

/** At-least-once work. Jobs come from StoreWriter.enqueue; handlers must be safe to repeat. */
export interface JobQueue {
  handle(kind: string, run: (job: ClaimedJob, signal: AbortSignal) => Promise<JobOutcome>): void;
  /** Runs these and the local jobs they cause; resolves when all are done or at the deadline, after which the queue finishes them. */
  runNow(ids: readonly JobId[], deadline: AbortSignal): Promise<'done' | 'pending'>;
}
export const jobQueue = extensionPoint<JobQueue>('job-queue');
export type JobOutcome =
  | { readonly kind: 'done'; readonly caused?: readonly JobId[] }
  | { readonly kind: 'again'; readonly notBefore: EpochSeconds; readonly reason: string };
