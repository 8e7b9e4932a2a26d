/**
 * A deployment's own plugins in this process, without a listener: how commands reach store and directory whether or not a server runs beside them (stores
 * that are shared between processes of a host allow it; others refuse by themselves).
 */
import { calendarStore, clock, deployment, directory, jobQueue, notifier, recordStore, storeMaintenance, writeStep } from '@kalends/contracts';
import type { AuditLog, CalendarStore, Clock, Deployment, Directory, JobQueue, Notifier, RecordStore, StoreMaintenance, WriteStep } from '@kalends/contracts';
import { definePlugin, KernelError } from '@kalends/kernel';
import { auditLogOver, dataRootOf, openAuditLines, readConfig, startServer } from '@kalends/server';
import { z } from 'zod';
import { becomeOwnerOf } from './become-owner.ts';

export interface OpenDeployment extends AsyncDisposable {
  readonly store: CalendarStore; readonly maintenance: StoreMaintenance; readonly records: RecordStore; readonly directory: Directory; readonly queue: JobQueue;
  readonly steps: readonly WriteStep[]; readonly notifiers: readonly Notifier[]; readonly deployment: Deployment; readonly clock: Clock;
  /** Beside a running server: it appends to the same file. */ readonly audit: AuditLog;
}

/** @param data overrides the data root of the config. @throws KernelError with every problem of the config */
export async function openDeployment(file: string, data?: string): Promise<OpenDeployment> {
  let found: Omit<OpenDeployment, typeof Symbol.asyncDispose | 'audit'> | undefined;
  const tap = definePlugin({
    name: '@kalends/caladmin', api: 1, summary: 'The command line\'s way into a deployment.',
    config: z.unknown(), provides: {},
    requires: { store: calendarStore, maintenance: storeMaintenance, records: recordStore, directory, queue: jobQueue, steps: writeStep, notifiers: notifier, deployment, clock },
    setup({ deps }) {
      found = deps;
      return {};
    },
  });
  const settings = data === undefined ? {} : { 'server.data': data };
  becomeOwnerOf(dataRootOf(readConfig({ file, settings }).sections));
  const server = await startServer({
    file, settings, config: { plugins: { 'http-front': { enabled: false } } }, plugins: { caladmin: tap }, readyMilliseconds: 0,
  });
  if (found === undefined) throw new KernelError('KRN_SETUP', 'the deployment started without its store');
  const { sections } = readConfig({ file, settings });
  const lines = openAuditLines(sections.log, dataRootOf(sections), complaints);
  return { ...found, audit: auditLogOver(lines), [Symbol.asyncDispose]: async () => {
    await lines.close();
    await server.stop();
  } };
}

/** What a server has in its error log stands on standard error: the command is done all the same. */
const complain = (message: string, fields: object = {}): void => { process.stderr.write(`caladmin: ${message} ${Object.values(fields).join(': ')}\n`); };
const complaints = { error: complain, warn: complain, info: () => undefined };
