/**
 * Config → the list of instances that make a server: what is built in, what the deployment chose, what every server has. And the few rules about the whole that no
 * plugin can know: the demo directory stays on this machine, a role must exist, a listener needs an address.
 */
import { readListenEntry } from '@kalends/http';
import type { Address } from '@kalends/http';
import { formatPath } from '@kalends/kernel';
import type { ConfigDocument, InstanceConfig, InstanceSpec, LoadedConfig, Path, PluginDefinition, Problem } from '@kalends/kernel';
import { coreNames } from './builtins.ts';
import type { Config } from './config-schema.ts';
import { isLoopback } from './loopback.ts';
import itemReader from './built-in/item-reader.ts';
import storeCheck from './built-in/store-check.ts';
import secrets from './secrets.ts';

/** Definitions made by the composition or by a program, by instance name. The latter replace built-ins of the same name. */
export type InMemory = Readonly<Record<string, PluginDefinition | { readonly definition: PluginDefinition; readonly with?: unknown; readonly optional?: boolean }>>;

export interface ComposeOptions {
  readonly loaded: LoadedConfig<Config>;
  /** deployment, clock, inspector, access-log, audit-log, addresses. */
  readonly builtIn: Readonly<Record<string, PluginDefinition>>;
  readonly extra?: InMemory;
  readonly tls: TlsFiles | undefined;
}
export interface TlsFiles { readonly certificate: string; readonly key: string; readonly passphrase?: string | undefined }

export interface Composition {
  readonly instances: readonly InstanceSpec[];
  readonly problems: readonly Problem[];
  /** Instance and file of the demo directory, when it is in use. */
  readonly demo: { readonly instance: string; readonly file: string } | undefined;
}

export function compose({ loaded, builtIn, extra = {}, tls }: ComposeOptions): Composition {
  const extras = Object.entries(extra).map(([name, value]): InstanceSpec => ('definition' in value ? { name, ...value } : { name, definition: value }));
  const replaced = new Set(extras.map(({ name }) => name));
  const { addresses, ...first } = builtIn;
  const own = Object.entries({ ...first, 'item-reader': itemReader, secrets, 'store-check': storeCheck }).map(([name, definition]): InstanceSpec => ({ name, definition }));
  const chosen = loaded.instances.filter(({ name }) => !coreNames.includes(name));
  const core = coreNames.map((name) => coreInstance(name, loaded.instances.find((instance) => instance.name === name), loaded.sections, tls));
  const kept = (specs: readonly InstanceSpec[]): readonly InstanceSpec[] => specs.filter(({ name }) => !replaced.has(name));
  const demo = demoDirectory(loaded.instances);
  // Ties in the graph keep this order: the listener is last up and first down.
  const listens = core.some(({ name, enabled }) => name === 'http-front' && enabled !== false);
  const last: readonly InstanceSpec[] = addresses === undefined || !listens ? [] : [{ name: 'addresses', definition: addresses }];
  return { instances: [...kept(own), ...kept(chosen), ...extras, ...kept(core), ...last], problems: [...refusals(loaded), ...demoProblems(demo?.instance, loaded)], demo };
}

/** A core plugin is always there; an instance of its name says what it is to do otherwise. */
function coreInstance(name: string, configured: InstanceConfig | undefined, sections: Config, tls: TlsFiles | undefined): InstanceSpec {
  const given = name === 'http-front' ? frontConfig(sections, tls) : {};
  if (configured === undefined) return { name, use: name, with: given };
  return { ...configured, use: configured.use ?? name, with: { ...given, ...(configured.with as object | undefined) } };
}

function frontConfig({ server }: Config, tls: TlsFiles | undefined): object {
  return { listen: server.listen, 'trusted-proxies': server['trusted-proxies'], ...(tls === undefined ? {} : { tls }) };
}

/** Where the config says to listen. Addresses that cannot be read are left out: they are problems elsewhere. */
export function addressesOf({ server }: Config): readonly Address[] {
  return server.listen.flatMap((entry) => {
    try {
      return [readListenEntry(entry, server.tls !== undefined)];
    } catch {
      return [];
    }
  });
}

function refusals({ sections, document }: LoadedConfig<Config>): readonly Problem[] {
  const problems: Problem[] = [];
  const { server, process: { role } } = sections;
  for (const [index, entry] of server.listen.entries()) {
    const at = ['server', 'listen', String(index)];
    try {
      const { secure, proxyProtocol } = readListenEntry(entry, server.tls !== undefined);
      const text = typeof entry === 'string' ? entry : entry.at;
      if (secure && server.tls === undefined) problems.push(problemAt(document, at, `${text} needs a certificate`, 'add server.tls with certificate and key, or tls: self-signed'));
      if (proxyProtocol === true && server['trusted-proxies'].length === 0) {
        problems.push(problemAt(document, at, `${text} wants the PROXY protocol, and no proxy is trusted to send it`, 'name the addresses of the proxies in server.trusted-proxies'));
      }
    } catch (error) {
      problems.push(problemAt(document, at, (error as Error).message, 'for example 127.0.0.1:8008'));
    }
  }
  if (role === 'master' || role === 'slave') {
    problems.push(problemAt(document, ['process', 'role'], `the role ${role} does not exist yet: workers run on one host only`, 'take single or combined, and a load balancer in front of several hosts'));
  }
  return problems;
}

function demoDirectory(instances: readonly InstanceConfig[]): Composition['demo'] {
  const found = instances.find(({ use, enabled, with: given }) => enabled && use === 'directory-file' && (given as { readonly demo?: unknown } | undefined)?.demo === true);
  return found === undefined ? undefined : { instance: found.name, file: String((found.with as { readonly file?: unknown }).file) };
}

/** Its passwords are in the documentation: nobody else's machine may reach it. */
function demoProblems(instance: string | undefined, loaded: LoadedConfig<Config>): readonly Problem[] {
  if (instance === undefined || loaded.instances.some(({ name, enabled }) => name === 'http-front' && !enabled)) return [];
  const { sections, document } = loaded;
  const open = addressesOf(sections).find(({ host }) => !isLoopback(host));
  if (open === undefined) return [];
  const where = `${open.host ?? 'every interface'}, port ${open.port}`;
  return [problemAt(document, ['server', 'listen'],
    `the demo directory (plugins.${instance}) has passwords that everybody knows, and the server would listen on ${where}, where other machines reach it`,
    'listen on 127.0.0.1 only, or replace the demo directory by your own')];
}

function problemAt(document: ConfigDocument, path: Path, message: string, remedy: string): Problem {
  const origin = document.originOf(path);
  return { code: 'KRN_REFUSED', severity: 'error', file: origin?.source ?? 'config', line: origin?.line, path: formatPath(path), message, remedy };
}
