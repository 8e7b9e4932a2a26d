/**
 * A whole server in this process: the seven steps of the boot for the program that starts it, a test or `caldavd`. Signals, pid files and exit codes are not its
 * business (main.ts).
 */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Clock, Inspector } from '@kalends/contracts';
import type { Address } from '@kalends/http';
import { formatProblems, Graph, hasErrors, KernelError, loadConfig, planGraph, reasonOf } from '@kalends/kernel';
import type { ConfigDocument, LineSink, LoadedConfig, Logger, Plan, Problem, ProcessKind, Redactor } from '@kalends/kernel';
import { AddressBook, accessLogPlugin, auditLogPlugin, inspectorPlugin } from './built-in/observation.ts';
import { clockPlugin, systemClock } from './built-in/system-clock.ts';
import { deploymentPlugin } from './built-in/deployment-facts.ts';
import { builtins } from './builtins.ts';
import { classicKeys } from './classic-keys.ts';
import { addressesOf, compose } from './compose.ts';
import type { Composition, InMemory } from './compose.ts';
import { shippedConfig } from './config-files.ts';
import { configSchema, limitsOf } from './config-schema.ts';
import type { Config } from './config-schema.ts';
import { hostIdOf } from './host-id.ts';
import { silentLogs } from './open-logs.ts';
import { serverTls } from './self-signed.ts';
import { tlsProblems } from './tls-problems.ts';

export interface ConfigSource {
  /** A deployment's file, YAML or property list. */
  readonly file?: string | undefined;
  /** The same keys from a program, over the file. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** Single keys by path (`server.data`), over everything: the command line. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
  /** Default: the process's own. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

export interface StartOptions extends ConfigSource {
  /** Plugins that are in memory, by instance name; one named as a built-in (`clock`, `access-log`…) takes its place. */
  readonly plugins?: InMemory | undefined;
  readonly clock?: Clock | undefined;
  /** Default: says nothing. */
  readonly log?: Logger | undefined;
  readonly accessLog?: LineSink | undefined;
  readonly auditLog?: LineSink | undefined;
  readonly redactor?: Redactor | undefined;
  readonly process?: ProcessKind | undefined;
  /** How long the start waits for failing health checks before it goes on without them; default: the kernel's. */
  readonly readyMilliseconds?: number | undefined;
}

export interface RunningServer {
  /** Of the first listener for clients, with a slash at its end; of one for proxies where there is no other. */
  readonly url: string;
  readonly port: number;
  readonly addresses: readonly Address[];
  readonly inspector: Inspector;
  readonly demo: Composition['demo'];
  /** Stops accepting, lets requests in flight end, then stops every plugin in reverse order. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Step 1. Reads `config/default.yaml`, the file, variables, the overlay in the data root, and settings. */
export function readConfig({ file, config, settings = {}, environment = process.env }: ConfigSource): LoadedConfig<Config> {
  return loadConfig({
    schema: configSchema, defaults: shippedConfig('default.yaml'), file, object: config, environment, settings, plist: classicKeys,
    reservedVariables: ['KALENDS_CONFIG'],
    overlay: (below: ConfigDocument) => {
      const data = settings['server.data'] ?? below.get(['server', 'data']);
      return join(typeof data === 'string' ? resolve(data) : resolve('data'), 'settings.yaml');
    },
  });
}

/** A server that is checked and wired, and has touched nothing yet. */
export interface PreparedServer {
  readonly loaded: LoadedConfig<Config>;
  readonly plan: Plan;
  readonly composition: Composition;
  readonly problems: readonly Problem[];
  /** Step 5. @throws KernelError `KRN_CONFIG` when there are errors, `KRN_SETUP`, both with all there are */
  setUp(): Promise<void>;
  /** Steps 6 and 7. @throws KernelError `KRN_START` */
  start(): Promise<RunningServer>;
  /** Ends a start that is under way, too. Never rejects. */
  stop(): Promise<void>;
}

/** Steps 2 to 4 for a config that was read; everything that can be wrong is in `problems`. */
export async function prepareServer(loaded: LoadedConfig<Config>, options: StartOptions & { readonly dataRoot: string }): Promise<PreparedServer> {
  const { sections } = loaded;
  const log = options.log ?? silentLogs.log;
  const kind = options.process ?? 'single';
  const graph = new Graph(log, { drainMilliseconds: sections.process['drain-seconds'] * 1_000, ...(options.readyMilliseconds === undefined ? {} : { readyMilliseconds: options.readyMilliseconds }) });
  const book = new AddressBook();
  const { tls, host } = await ownFiles(sections, options.dataRoot);
  const composition = compose({
    loaded, tls: tls.files, extra: options.plugins ?? {},
    builtIn: {
      deployment: deploymentPlugin({
        dataRoot: options.dataRoot, role: kind, hostId: host.id, limits: Object.freeze(limitsOf(sections.limits)), admins: Object.freeze([...sections.admins]),
        ...(sections['access-list'] === 'all' ? {} : { accessList: Object.freeze([...sections['access-list']]) }),
        publicUrl: () => publicUrl(sections, book.addresses()),
        keep: async () => {
          await host.keep();
          await tls.keep();
        },
      }),
      clock: clockPlugin(options.clock ?? systemClock),
      inspector: inspectorPlugin(graph),
      'access-log': accessLogPlugin(options.accessLog ?? silentLogs.access),
      'audit-log': auditLogPlugin(options.auditLog ?? silentLogs.audit),
      addresses: book.plugin(),
    },
  });
  const plan = await planGraph({ instances: composition.instances, builtins, process: kind, document: loaded.document, indispensable: ['write-step'] });
  for (const value of [...loaded.secrets, ...plan.secrets]) options.redactor?.learn(value);
  // Of a file that cannot be read at all everything would be missing.
  const isRead = !loaded.problems.some(({ code }) => code === 'KRN_SYNTAX' || code === 'KRN_UNREADABLE');
  const tlsTrouble = await tlsProblems(loaded);
  const problems = [...loaded.problems, ...composition.problems, ...tlsTrouble, ...plan.problems.filter(({ code }) => isRead || !code.startsWith('KRN_GRAPH_'))];
  return {
    loaded, plan, composition, problems,
    async setUp() {
      const error = await graph.setUp(plan).then(() => undefined, (reason: unknown) => reason);
      if (hasErrors(problems)) {
        const all = [...problems.filter(({ severity }) => severity === 'error'), ...(error instanceof KernelError ? error.problems : []).filter(({ path }) => tlsTrouble.length === 0 || !path.endsWith('http-front')), ...problems.filter(({ severity }) => severity !== 'error')];
        throw new KernelError('KRN_CONFIG', formatProblems(all), { problems: all });
      }
      if (error !== undefined) throw error;
    },
    stop: () => graph.stop(),
    async start() {
      await graph.start();
      const addresses = book.addresses();
      const url = publicUrlOf(addresses, 'http://127.0.0.1/').href;
      const stop = (): Promise<void> => graph.stop();
      const inspector: Inspector = { plugins: () => graph.plugins(), health: () => graph.health(), ready: () => graph.ready() };
      return { url, port: forClients(addresses)?.port ?? 0, addresses, inspector, demo: composition.demo, stop, [Symbol.asyncDispose]: stop };
    },
  };
}

/** What lies in the data root already and only this host uses. @throws KernelError `KRN_START` where it may not be read */
async function ownFiles({ server }: Config, dataRoot: string) {
  try {
    return { tls: await serverTls(server, dataRoot), host: hostIdOf(dataRoot) };
  } catch (error) {
    throw new KernelError('KRN_START', `the data root ${dataRoot} cannot be used: ${reasonOf(error)}; it must belong to the account that the server runs under`, { cause: error });
  }
}

/**
 * Starts a server in this process. Without a file and without `server.data` its data root is a folder of its own that `stop` removes.
 * @throws KernelError `KRN_CONFIG` with all problems, `KRN_SETUP`, `KRN_START`
 */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const first = readConfig(options);
  const scratch = options.file === undefined && first.sections.server.data === undefined ? mkdtempSync(join(tmpdir(), 'kalends-')) : undefined;
  const dataRoot = scratch ?? dataRootOf(first.sections);
  const remove = async (): Promise<void> => { if (scratch !== undefined) await rm(scratch, { recursive: true, force: true }); };
  try {
    const prepared = await prepareServer(first, { ...options, dataRoot });
    await prepared.setUp();
    const running = await prepared.start();
    const stop = async (): Promise<void> => {
      await running.stop();
      await remove();
    };
    return { ...running, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Absolute. */
export function dataRootOf({ server }: Config): string {
  return resolve(server.data ?? 'data');
}

function publicUrl(sections: Config, bound: readonly Address[]): URL {
  if (sections.server['public-url'] !== undefined) return new URL(sections.server['public-url']);
  return publicUrlOf(bound.length > 0 ? bound : addressesOf(sections), 'http://127.0.0.1:8008/');
}

function publicUrlOf(addresses: readonly Address[], fallback: string): URL {
  const first = forClients(addresses);
  if (first === undefined) return new URL(fallback);
  const open = first.host === undefined || first.host === '::' || first.host === '0.0.0.0';
  const host = open ? hostname() : first.host;
  return new URL(`${first.secure ? 'https' : 'http'}://${host?.includes(':') === true ? `[${host}]` : host}:${first.port}/`);
}

/** Clients cannot speak where proxies do. */
function forClients(addresses: readonly Address[]): Address | undefined {
  return addresses.find(({ proxyProtocol }) => proxyProtocol !== true) ?? addresses[0];
}
