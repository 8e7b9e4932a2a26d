/**
 * The two logs of a process (R74): errors with levels, and one line a request. Only a process that owns files opens them; a worker hands its lines to the master
 * (process/worker.ts).
 */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Writable } from 'node:stream';
import { createLog, KernelError, lineFile, lineStream, reasonOf, Redactor } from '@kalends/kernel';
import type { Logger, LineSink, Rotation } from '@kalends/kernel';
import type { Config } from './config-schema.ts';

export interface Logs {
  readonly log: Logger;
  readonly access: LineSink;
  /** Lines of the error log that another process formatted. */
  raw(lines: string): void;
  /** Learns the secrets of the config, so that they are taken out of the error log. */
  readonly redactor: Redactor;
  close(): Promise<void>;
}

export interface LogOptions {
  /** Standard error instead of the error file. */
  readonly foreground?: boolean;
  /** Both logs go here instead of files: a worker's way to the master. */
  readonly through?: { readonly errors: Writable; readonly access: Writable };
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
  return {
    log: sink.log, access, redactor, raw: (lines) => { sink.raw(lines); },
    async close() {
      await access.close();
      await sink.close();
    },
  };
}

function openAccess(file: Config['log']['access-file'], dataRoot: string, rotation: Rotation): LineSink {
  if (file === false) return { write: () => undefined, close: () => Promise.resolve() };
  const path = file ?? join(dataRoot, 'log', 'access.log');
  mkdirSync(dirname(path), { recursive: true });
  return lineFile(path, rotation);
}

/** Nobody reads these: a program that starts a server in its own process and gave no logger. */
export const silentLogs: Logs = {
  log: silentLogger(), access: { write: () => undefined, close: () => Promise.resolve() }, raw: () => undefined, redactor: new Redactor(), close: () => Promise.resolve(),
};

function silentLogger(): Logger {
  const nothing = (): void => undefined;
  const log: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => log };
  return log;
}
