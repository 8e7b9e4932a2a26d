/**
 * What runs in a process until somebody ends it (a whole server, or a master with workers), and what all of them share: where the config comes from, the data
 * root, the logs, and whom to tell that it runs.
 */
import { formatProblems, hasErrors } from '@kalends/kernel';
import type { LoadedConfig, Problem } from '@kalends/kernel';
import type { Config } from '../config-schema.ts';
import type { Logs } from '../open-logs.ts';
import { prepareServer } from '../start-server.ts';
import type { PreparedServer, RunningServer, StartOptions } from '../start-server.ts';

export interface Service {
  /** @throws KernelError */
  start(): Promise<void>;
  /** Reads the config again. When it is bad the problems are logged and nothing changes. @throws what must end the process */
  reload(): Promise<void>;
  /** Never rejects. */
  stop(): Promise<void>;
}

export interface ServiceContext {
  /** The config of the start. */
  readonly loaded: LoadedConfig<Config>;
  /** Reads it anew. */
  read(): LoadedConfig<Config>;
  readonly dataRoot: string;
  readonly logs: Logs;
  /** Called once, when requests are answered. `isReady`: and every health check passed. */
  running(server: Pick<RunningServer, 'url' | 'demo'> & { readonly isReady: boolean }): void;
}

/** Steps 2 to 5 with this process's logs. @throws KernelError */
export async function prepareHere(loaded: LoadedConfig<Config>, { dataRoot, logs }: Pick<ServiceContext, 'dataRoot' | 'logs'>, kind: StartOptions['process']): Promise<PreparedServer> {
  const prepared = await prepareServer(loaded, { dataRoot, process: kind, log: logs.log, accessLog: logs.access, auditLog: logs.audit, redactor: logs.redactor });
  await prepared.setUp();
  return prepared;
}

/** Warnings go to the log once the server runs; errors ended the boot before. */
export function logProblems(problems: readonly Problem[], { log }: Logs, title: string): void {
  if (problems.length === 0) return;
  (hasErrors(problems) ? log.error : log.warn)(formatProblems(problems, title).replaceAll('\n', ' | '));
}
