/**
 * A deployment's own plugins in this process, without a listener: how commands reach store and directory whether or not a server runs beside them (stores
 * that are shared between processes of a host allow it; others refuse by themselves).
 */
import { calendarStore, clock, deployment, directory, jobQueue, notifier, recordStore, storeMaintenance, writeStep } from '@kalends/contracts';
import type { CalendarStore, Clock, Deployment, Directory, JobQueue, Notifier, RecordStore, StoreMaintenance, WriteStep } from '@kalends/contracts';
import { definePlugin, KernelError } from '@kalends/kernel';
import { startServer } from '@kalends/server';
import { z } from 'zod';

export interface OpenDeployment extends AsyncDisposable {
  readonly store: CalendarStore; readonly maintenance: StoreMaintenance; readonly records: RecordStore; readonly directory: Directory; readonly queue: JobQueue;
  readonly steps: readonly WriteStep[]; readonly notifiers: readonly Notifier[]; readonly deployment: Deployment; readonly clock: Clock;
}

/** @param data overrides the data root of the config. @throws KernelError with every problem of the config */
export async function openDeployment(file: string, data?: string): Promise<OpenDeployment> {
  let found: Omit<OpenDeployment, typeof Symbol.asyncDispose> | undefined;
  const tap = definePlugin({
    name: '@kalends/caladmin', api: 1, summary: 'The command line\'s way into a deployment.',
    config: z.unknown(), provides: {},
    requires: { store: calendarStore, maintenance: storeMaintenance, records: recordStore, directory, queue: jobQueue, steps: writeStep, notifiers: notifier, deployment, clock },
    setup({ deps }) {
      found = deps;
      return {};
    },
  });
  const server = await startServer({
    file, settings: data === undefined ? {} : { 'server.data': data }, config: { plugins: { 'http-front': { enabled: false } } }, plugins: { caladmin: tap },
  });
  if (found === undefined) throw new KernelError('KRN_SETUP', 'the deployment started without its store');
  return { ...found, [Symbol.asyncDispose]: () => server.stop() };
}
