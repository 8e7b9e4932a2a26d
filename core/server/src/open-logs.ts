/**
 * The logs of a process (R74, R44): errors with levels, one line a request, and who used a right over another's things. Only a process that owns files opens them; a worker hands its lines to the master
 * (process/worker.ts).
 */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { createLog, KernelError, lineFile, lineStream, reasonOf, Redactor } from '@kalends/kernel';
import type { Logger, LineSink, Rotation } from '@kalends/kernel';
import type { Config } from './config-schema.ts';
import { noLines, openAuditLines } from './open-audit-log.ts';

export interface Logs {
  readonly log: Logger;
  readonly access: LineSink;
  readonly audit: LineSink;
  /** Lines of the error log that another process formatted. */
  raw(lines: string): void;
  /** Learns the secrets of the config, so that they are taken out of the error log. */
  readonly redactor: Redactor;
  close(): Promise<void>;
}

export interface LogOptions {
  /** Standard error instead of the error file. */
  readonly foreground?: boolean;
  /** All go here instead of files: a worker's way to the master. */
  readonly through?: { readonly errors: Writable; readonly access: Writable; readonly audit: Writable };
}

/** @throws KernelError `KRN_START` when a file cannot be opened */
export function openLogs(log: Config['log'], dataRoot: string, options: LogOptions = {}): Logs {
  try {
    return open(log, dataRoot, options);
  } catch (error) {
    throw new KernelError('KRN_START', `cannot open the logs: ${reasonOf(error)}`, { cause: error });
  }
}

function open(log: Config['log'], dataRoot: string, { foreground = false, through }: LogOptions): Logs {
  const redactor = new Redactor();
  const rotation: Rotation = { maxOctets: Math.min(log['file-octets'], Number.MAX_SAFE_INTEGER), keepDays: log['keep-days'] };
  const errorFile = through !== undefined || foreground || log['error-file'] === false ? undefined : log['error-file'];
  const sink = createLog({ level: log.level, format: log.format, file: errorFile, rotation, stream: through?.errors, redactor });
  const access = through === undefined ? openAccess(log['access-file'], dataRoot, rotation) : lineStream(through.access);
  const audit = through === undefined ? openAuditLines(log, dataRoot, sink.log) : lineStream(through.audit);
  return {
    log: sink.log, access, audit, redactor, raw: (lines) => { sink.raw(lines); },
    async close() {
      await Promise.all([access.close(), audit.close()]);
      await sink.close();
    },
  };
}

function openAccess(file: Config['log']['access-file'], dataRoot: string, rotation: Rotation): LineSink {
  if (file === false) return noLines;
  const path = file ?? join(dataRoot, 'log', 'access.log');
  mkdirSync(dirname(path), { recursive: true });
  return lineFile(path, rotation);
}

/** Nobody reads these: a program that starts a server in its own process and gave no logger. */
export const silentLogs: Logs = {
  log: silentLogger(), access: noLines, audit: noLines, raw: () => undefined, redactor: new Redactor(), close: () => Promise.resolve(),
};

function silentLogger(): Logger {
  const nothing = (): void => undefined;
  const log: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => log };
  return log;
}
