/**
 * `caldavd`: arguments, signals, exit codes. Codes are those of sysexits(3): 64 wrong arguments, 69 could not start (a port is taken), 70 a defect, 78 problems in the
 * config. What a server is made of is start-server.ts; what a process does by its role is process/.
 */
import { readFileSync } from 'node:fs';
import { formatProblems, hasErrors, KernelError, reasonOf } from '@kalends/kernel';
import type { LoadedConfig } from '@kalends/kernel';
import { readArguments } from './command-line.ts';
import type { Arguments } from './command-line.ts';
import { addressesOf } from './compose.ts';
import { usualConfig } from './config-files.ts';
import type { Config } from './config-schema.ts';
import { demoGreeting } from './demo-greeting.ts';
import { listenWith } from './listen-flags.ts';
import { openLogs } from './open-logs.ts';
import { writePidFile } from './pid-file.ts';
import { DEFECT, onDefect } from './process/defects.ts';
import { serviceOf } from './process/role.ts';
import type { Service } from './process/service.ts';
import { serviceManager, type ServiceManager } from './service-manager.ts';
import { dataRootOf, prepareServer, readConfig } from './start-server.ts';

const CONFIG = 78;
const UNAVAILABLE = 69;

const print = {
  out: (text: string): void => { process.stdout.write(text); },
  error: (text: string): void => { process.stderr.write(text); },
};

/** @returns the exit code, once the server has stopped */
export async function main(args: readonly string[]): Promise<number> {
  const given = readArguments(args, version(), print);
  if (typeof given === 'number') return given;
  try {
    const loaded = readGiven(given);
    return given.check ? await check(loaded) : await run(given, loaded);
  } catch (error) {
    return complain(error);
  }
}

/** Steps 1 to 5, then nothing. */
async function check(loaded: LoadedConfig<Config>): Promise<number> {
  const { sections } = loaded;
  const kinds = sections.process.role === 'combined' ? (['master', 'worker'] as const) : (['single'] as const);
  for (const [index, kind] of kinds.entries()) {
    const prepared = await prepareServer(loaded, { dataRoot: dataRootOf(sections), process: kind });
    if (prepared.problems.length > 0 && index === 0 && !hasErrors(prepared.problems)) print.error(`${formatProblems(prepared.problems)}\n`);
    await prepared.setUp();
  }
  print.out('the config is good\n');
  return 0;
}

async function run(given: Arguments, loaded: LoadedConfig<Config>): Promise<number> {
  // Problems go to the terminal, not into files that the same config names: nothing is opened before they are known.
  const prepared = await prepareServer(loaded, { dataRoot: dataRootOf(loaded.sections), process: loaded.sections.process.role === 'combined' ? 'worker' : 'single' });
  if (hasErrors(prepared.problems)) await prepared.setUp();

  const dataRoot = dataRootOf(loaded.sections);
  const { sections } = loaded;
  const pidFile = sections.process['pid-file'];
  const removePidFile = pidFile === undefined ? (): void => undefined : writePidFile(pidFile);
  const logs = openLogs(sections.log, dataRoot, { foreground: given.foreground });
  const manager = serviceManager(process.env, logs.log);
  const service = serviceOf({
    loaded, dataRoot, logs,
    read: () => readGiven(given),
    running: ({ url, demo, isReady }) => {
      if (isReady) logs.log.info('ready', { url, data: dataRoot, role: sections.process.role });
      else logs.log.warn('requests are answered, though the server is not ready', { url, data: dataRoot, role: sections.process.role });
      void manager.ready(`answers at ${url}`);
      if (demo !== undefined) void demoGreeting({ url }, demo.file).then(print.out, () => undefined);
    },
  });
  try {
    const ending = new Ending(service, manager, (error) => { logs.log.error('the reload failed', { error }); });
    const takeAway = onDefect(logs.log, async () => {
      await service.stop();
      removePidFile();
      await logs.close();
    });
    await service.start().catch((error: unknown) => {
      if (!ending.begun) throw error; // A start that was stopped has not failed.
    });
    const code = await ending.code;
    takeAway();
    return code;
  } finally {
    removePidFile();
    await logs.close();
  }
}

/** SIGTERM and SIGINT drain, a second one exits at once, SIGHUP reloads. */
class Ending {
  /** The exit code, when the service has stopped. */
  readonly code: Promise<number>;
  begun = false;

  constructor(service: Service, manager: ServiceManager, reloadFailed: (error: unknown) => void) {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.code = promise;
    const stop = (code: number): void => {
      this.begun = true;
      void Promise.all([manager.stopping(), service.stop()]).then(() => { resolve(code); });
    };
    for (const [signal, number] of [['SIGTERM', 15], ['SIGINT', 2]] as const) {
      process.on(signal, () => {
        if (this.begun) process.exit(128 + number);
        stop(0);
      });
    }
    process.on('SIGHUP', () => {
      void manager.reloading();
      service.reload().then(() => manager.ready('the config was read again')).catch((error: unknown) => {
        reloadFailed(error);
        if (!this.begun) stop(DEFECT);
      });
    });
  }
}

function readGiven({ file, listen, settings }: Arguments): LoadedConfig<Config> {
  const source = { file: file ?? usualConfig(process.env), settings };
  const configured = readConfig(source);
  const anew = listenWith(listen, addressesOf(configured.sections));
  if (anew === undefined) return configured;
  const selfSigned = listen.httpsPort !== undefined && configured.sections.server.tls === undefined ? { 'server.tls': 'self-signed' } : {};
  return readConfig({ ...source, settings: { ...settings, 'server.listen': anew, ...selfSigned } });
}

function complain(error: unknown): number {
  if (!(error instanceof KernelError)) {
    print.error(`caldavd: ${error instanceof Error ? (error.stack ?? error.message) : reasonOf(error)}\n`);
    return DEFECT;
  }
  print.error(`${error.problems.length > 0 ? error.message : `caldavd: ${error.message}`}\n`);
  return error.code === 'KRN_CONFIG' || error.code === 'KRN_SETUP' ? CONFIG : error.code === 'KRN_START' ? UNAVAILABLE : DEFECT;
}

function version(): string {
  return (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { readonly version: string }).version;
}
