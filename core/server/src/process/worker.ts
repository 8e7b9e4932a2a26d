/**
 * One worker of a master: waits for its config on the pipe, serves, and stops when the master says so. Signals of a terminal or a supervisor reach every process of
 * the group, so workers leave them to the master.
 */
import { ConfigDocument, interpretConfig, reasonOf } from '@kalends/kernel';
import { configSchema } from '../config-schema.ts';
import { openLogs } from '../open-logs.ts';
import type { PreparedServer } from '../start-server.ts';
import { onDefect } from './defects.ts';
import { LinePipe } from './line-pipe.ts';
import { isFromMaster } from './messages.ts';
import type { FromWorker, WorkerBoot } from './messages.ts';
import { prepareHere } from './service.ts';

const pipe = new LinePipe(process, process.stderr);

/** Called by the entry that a master forks (worker-entry.ts). */
export function runWorker(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  let prepared: Promise<PreparedServer> | undefined;
  let stopping = false;
  process.on('message', (message: unknown) => {
    if (!isFromMaster(message)) return;
    if (message.caldavd === 'boot') {
      prepared ??= prepare(message.boot);
      prepared.then((server) => serve(server, () => stopping)).catch((error: unknown) => { if (!stopping) void leave(78, { caldavd: 'failed', message: reasonOf(error) }); });
    } else {
      stopping = true;
      void stop(prepared);
    }
  });
}

async function prepare({ document, dataRoot, worker }: WorkerBoot): Promise<PreparedServer> {
  const loaded = interpretConfig(ConfigDocument.revive(document), configSchema);
  const logs = openLogs(loaded.sections.log, dataRoot, { through: pipe });
  const log = logs.log.child({ worker });
  const prepared = await prepareHere(loaded, { dataRoot, logs: { ...logs, log } }, 'worker');
  onDefect(log, async () => {
    await prepared.stop();
    await pipe.flush();
  });
  return prepared;
}

async function serve(prepared: PreparedServer, stopping: () => boolean): Promise<void> {
  const server = await prepared.start();
  if (!stopping()) await say({ caldavd: 'ready', url: server.url, demo: server.demo ?? null, isReady: server.inspector.ready() });
}

/** A start that waits for a directory ends, too. */
async function stop(prepared: Promise<PreparedServer> | undefined): Promise<void> {
  const server = await prepared?.catch(() => undefined);
  await server?.stop();
  await leave(0);
}

async function leave(code: number, message?: FromWorker): Promise<void> {
  await pipe.flush();
  if (message !== undefined) await say(message);
  process.exit(code);
}

function say(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, undefined, undefined, () => { resolve(); });
  });
}
