/**
 * The DAV engine with principals, access control and CalDAV on a free port of this process, over the memory store; whoever names an account is believed. For
 * stories about WebDAV alone: they need neither scheduling nor a disk, and may look into the store.
 */
import { caldavPlugin } from '@kalends/caldav';
import type { Deployment, Directory, Identity, Principal, RecordStore } from '@kalends/contracts';
import { ExpressHost, Front, Listener, TrustedProxies } from '@kalends/http';
import type { Authentication } from '@kalends/http';
import type { Logger, PluginDefinition } from '@kalends/kernel';
import { fakeClock, memoryDirectory, memoryStore, person, trustingAuthenticator } from '@kalends/testkit';
import type { MemoryStore, MemoryStoreOptions } from '@kalends/testkit';
import { accessPlugin, principalsPlugin, webdavPlugin } from '@kalends/webdav';

export interface WebdavServer extends AsyncDisposable {
  /** Without a final slash. */ readonly url: string;
  readonly memory: MemoryStore;
  /** Messages of level error: a test that caused none says so. */ readonly errors: readonly string[];
  readonly accessLines: readonly string[];
}

export interface WebdavServerOptions {
  /** `admin` is the administrator. */ readonly principals?: readonly Principal[];
  readonly store?: MemoryStoreOptions; readonly memory?: MemoryStore;
  readonly limits?: Partial<Deployment['limits']>;
}

export async function startWebdavServer({ principals = [person('alice'), person('bob'), person('admin')], store = {}, memory = memoryStore(store), limits = {} }: WebdavServerOptions = {}): Promise<WebdavServer> {
  const errors: string[] = [];
  const accessLines: string[] = [];
  const log: Logger = {
    debug() {}, info() {}, warn() {}, error: (message, fields) => { errors.push(`${message} ${JSON.stringify(fields)}`); }, child: () => log,
  };
  const clock = fakeClock();
  const source = memoryDirectory(principals);
  const directory: Directory = Object.assign(Object.create(source) as Directory, { mayLogIn: async () => true });
  for (const name of ['findById', 'findByAccount', 'findByName', 'findByAddress', 'groupsOf', 'membersOf', 'search', 'list', 'stamp'] as const) {
    Object.assign(directory, { [name]: (source[name] as (...given: unknown[]) => unknown).bind(source) });
  }
  const deployment: Deployment = {
    publicUrl: new URL('http://localhost/'), dataRoot: '/nonexistent', role: 'single', hostId: 'host', admins: ['users/admin'],
    limits: {
      homeOctets: 104_857_600, attachmentOctets: 1_048_576, attachmentOctetsPerItem: 10_485_760, resourceOctets: 1_048_576, attendees: 100, instances: 3000, calendarsPerHome: 50,
      itemsPerCalendar: 100_000, attachmentsPerItem: 20, queryPast: 31_536_000, queryFuture: 157_680_000, queryResults: Infinity, multigetHrefs: 5000, ...limits,
    },
  };
  const records: RecordStore = memory.recordStore;
  const services = { directory, records, store: memory.store, deployment, clock };
  const setUp = async (definition: unknown, deps: object): Promise<Record<string, unknown>> => {
    const plugin = definition as PluginDefinition;
    const lifecycle = { onStart() {}, onStop() {}, health() {} };
    return plugin.setup({ config: plugin.config.parse({}), deps: deps as never, log, lifecycle } as never) as Promise<Record<string, unknown>>;
  };
  const queue = { handle() {}, runNow: async () => 'done' as const };
  const { feature: caldav } = await setUp(caldavPlugin, { ...services, steps: [], queue, notifiers: [], attachments: undefined });
  const { principals: principalFeature, wellKnown } = await setUp(principalsPlugin, services);
  const features = [principalFeature, caldav];
  const { compiled } = await setUp(accessPlugin, { ...services, features, sources: [] });
  const { dav } = await setUp(webdavPlugin, { ...services, features, access: compiled, authentication: trusting(directory) });
  const inspector = { plugins: () => [], health: async () => [], ready: () => true };
  const served = [wellKnown, dav].filter((feature) => feature !== undefined) as never[];
  const host = await ExpressHost.open({ features: served, adminApis: [], authentication: trusting(directory), inspector, log });
  const front = new Front({ features: served, host, proxies: new TrustedProxies(['127.0.0.1']), accessLog: { write: (line) => { accessLines.push(line); } }, clock, log });
  const listener = new Listener([{ secure: false, host: '127.0.0.1', port: 0 }], front.handle, {
    headersMilliseconds: 5000, requestMilliseconds: 20_000, keepAliveMilliseconds: 2000, headerOctets: 32_768, headerCount: 200, connections: 1000,
  }, undefined);
  await listener.start();
  return {
    url: `http://127.0.0.1:${listener.addresses()[0]!.port}`, memory, errors, accessLines,
    [Symbol.asyncDispose]: () => listener.stop(AbortSignal.timeout(500)),
  };
}

function trusting(directory: Directory): Authentication {
  const authenticator = trustingAuthenticator();
  const nobody: Identity = { principal: undefined, groups: new Set(), admin: false, scheme: 'anonymous' };
  return {
    challenge: () => authenticator.challenge({} as never),
    async identify({ request }) {
      if (request.headers.authorization === undefined) return nobody;
      const outcome = await authenticator.authenticate({ headers: request.headers } as never);
      const principal = outcome.kind === 'accepted' ? await directory.findByAccount(outcome.account) : undefined;
      if (principal === undefined) return { challenges: await authenticator.challenge({} as never) };
      return { principal: principal.id, groups: await directory.groupsOf(principal.id), admin: principal.names.includes('admin'), scheme: 'Basic' };
    },
  };
}

