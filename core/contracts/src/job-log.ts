import { extensionPoint } from '@kalends/kernel/extension-point';
import type { EpochSeconds, HomeId, JobId } from './ids.ts';

/** What a plugin that provides a store provides beside it: the queue's reading end, small records, and care of the data. */

/** The reading end of `StoreWriter.enqueue`. */
export interface JobLog {
  /** Hands each due job to one caller until its lease ends; of a lane only the oldest. */
  claim(want: { readonly kinds: readonly string[]; readonly limit: number; readonly leaseMilliseconds: number }): Promise<readonly ClaimedJob[]>;
  /** Those of `ids` that this process was born holding and whose lane is free. */
  held(ids: readonly JobId[]): Promise<readonly ClaimedJob[]>;
  renew(id: JobId, leaseMilliseconds: number): Promise<boolean>;
  /** For jobs that end without a change to their home. */
  finish(id: JobId): Promise<void>;
  /** Back in the queue, not before `notBefore`; `reason` is for people. */
  retry(id: JobId, notBefore: EpochSeconds, reason: string): Promise<void>;
  /** For people: what waits, what failed and why. */
  list(filter: { readonly kind?: string; readonly home?: HomeId }, after: JobId | undefined, limit: number): Promise<readonly WaitingJob[]>;
  /** "Only one of us does this", over all processes and hosts of the store. Undefined while another holds it. */
  lease(name: string, ttlMilliseconds: number): Promise<Lease | undefined>;
}
export const jobLog = extensionPoint<JobLog>('job-log');
export interface ClaimedJob { readonly id: JobId; readonly kind: string; readonly payload: unknown; readonly attempt: number; readonly home: HomeId }
export interface WaitingJob extends ClaimedJob { readonly notBefore: EpochSeconds; readonly reason: string | undefined }
/** `number` rises with each new holder: write it where a late predecessor must be told apart. `signal` aborts when the lease is lost. */
export interface Lease { readonly number: number; readonly signal: AbortSignal; release(): Promise<void> }
