/**
 * The job queue over the store's job log: at-least-once work, claimed under leases, so any number of processes may run it.
 */
import { clock, jobLog, jobQueue, processChannel } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import { z } from 'zod';
import { StoreJobQueue } from './store-job-queue.ts';

const config = z.strictObject({
  'poll-milliseconds': z.number().int().min(100).max(3_600_000).default(2_000).describe('How often due jobs are looked for when nobody announced any.'),
  'lease-milliseconds': z.number().int().min(1_000).max(600_000).default(30_000).describe('How long a process that stopped answering keeps its jobs.'),
  concurrency: z.number().int().min(1).max(64).default(4).describe('Jobs that one process runs at a time.'),
});

export default definePlugin({
  name: '@kalends/jobs-store',
  api: 1,
  summary: 'Runs the jobs that changes leave in the store.',
  config,
  provides: { queue: jobQueue },
  requires: { jobLog, channel: processChannel, clock },

  setup({ config, deps, log, lifecycle }) {
    const queue = new StoreJobQueue({
      jobLog: deps.jobLog, channel: deps.channel, clock: deps.clock, log,
      pollMilliseconds: config['poll-milliseconds'], leaseMilliseconds: config['lease-milliseconds'], concurrency: config.concurrency,
    });
    lifecycle.onStart(() => { queue.start(); return Promise.resolve(); });
    lifecycle.onStop((deadline) => queue.stop(deadline));
    return { queue };
  },
});
