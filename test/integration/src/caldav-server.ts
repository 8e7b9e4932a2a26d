/**
 * Calendars and scheduling over HTTP on a memory store, set up by the kernel as a deployment would be, on a free port of the loopback interface. `await using`
 * closes it. Whoever names an account is believed; the clock stands at NOW until a test moves it.
 */
import { caldavPlugin } from '@kalends/caldav';
import type { CalendarStore, Inspector, Limits, Principal, SchedulingTransport, WriteStep } from '@kalends/contracts';
import { accessLog, auditLog, deployment, inspector, itemReader, writeStep } from '@kalends/contracts';
import directoryPlugin from '@kalends/directory';
import { authenticationPlugin, frontPlugin, listening } from '@kalends/http';
import type { Listening } from '@kalends/http';
import { createItemReader } from '@kalends/icalendar';
import jobsPlugin from '@kalends/jobs-store';
import { Graph, definePlugin, planGraph } from '@kalends/kernel';
import type { InstanceSpec, Logger, PluginDefinition } from '@kalends/kernel';
import { schedulingPlugin } from '@kalends/scheduling';
import { basic, clockPlugin, fakeClock, memoryDirectory, memoryDirectoryPlugin, memoryServicesPlugin, memoryStore, memoryStorePlugin, person, room, transportPlugin, trustingAuthenticatorPlugin } from '@kalends/testkit';
import type { FakeClock, MemoryDirectoryOptions, StoreProvider } from '@kalends/testkit';
import timezonesPlugin from '@kalends/timezone-service';
import { Element, accessPlugin, parse, principalsPlugin, webdavPlugin } from '@kalends/webdav';

export interface Answer {
  readonly status: number; readonly headers: Headers; readonly text: string;
  /** Throws where the body is no XML. */ xml(): Element;
  /** The named condition of an error body. */ condition(): string | undefined;
  /** By href: the answered properties with status 200, and the status of responses without any. */ rows(): ReadonlyMap<string, Row>;
}
export interface Row { readonly status: number | undefined; readonly properties: ReadonlyMap<string, Element>; readonly missing: readonly string[] }

export interface GivenServer extends AsyncDisposable {
  readonly url: string;
  readonly store: CalendarStore;
  /** Calls of the store since the last look, by method. */ calls(): Readonly<Record<string, number>>;
  readonly clock: FakeClock;
  /** Lines of the log at `error`: what must not happen. */ readonly errors: readonly string[];
  /** Of the access log. */ readonly accessLines: readonly string[];
  /** As `amy` unless `as` says who else; null: nobody. `body` is sent as XML where it begins with `<`, else as calendar data. */
  send(method: string, path: string, body?: string | Uint8Array, headers?: Readonly<Record<string, string>>, as?: string | null): Promise<Answer>;
}

export interface ServerOptions {
  /** Default: memory. */ readonly provider?: StoreProvider;
  readonly limits?: Partial<Limits>; readonly people?: readonly Principal[]; readonly members?: MemoryDirectoryOptions['members']; readonly transports?: readonly SchedulingTransport[]; readonly steps?: readonly WriteStep[];
  /** The settings of the plugin `caldav`. */ readonly caldav?: Readonly<Record<string, unknown>>;
}

export const AMY_HOME = '/calendars/__uids__/id-amy/';
export const BOB_HOME = '/calendars/__uids__/id-bob/';
/** Amy's. */
export const CALENDAR = `${AMY_HOME}calendar/`;
export const PRINCIPAL = (name: string): string => `/principals/__uids__/id-${name}/`;
/** Whom `Dav` speaks for; root is the administrator. */
export const ALICE_AND_BOB: readonly Principal[] = [person('alice'), person('bob'), person('root')];
/** 2026-01-01T00:00:00Z: when tests happen. */
export const NOW = 1_767_225_600;

/** The config of plugins that have nothing to set. */
const NOTHING = caldavPlugin.config;

const LIMITS: Limits = {
  homeOctets: Infinity, attachmentOctets: Infinity, attachmentOctetsPerItem: Infinity, resourceOctets: 1_048_576, attendees: 100, instances: 3000, calendarsPerHome: 50,
  itemsPerCalendar: 10_000, attachmentsPerItem: Infinity, queryPast: Infinity, queryFuture: Infinity, queryResults: Infinity, multigetHrefs: 5000,
};

export async function givenServer(options: ServerOptions = {}): Promise<GivenServer> {
  const clock = fakeClock(NOW * 1000);
  const provider = options.provider ?? memoryStore({ clock });
  const counted = counting(provider.store);
  const people = options.people ?? [person('amy'), person('bob'), room('attic')];
  const errors: string[] = [];
  const accessLines: string[] = [];
  let place: Listening | undefined;
  const observed = definePlugin({
    name: 'test/observed', api: 1, summary: 'Facts of a test, and where it listens.', config: NOTHING, requires: {},
    provides: { deployment, reader: itemReader, accessLog, auditLog, inspector },
    setup: () => ({
      deployment: { publicUrl: new URL('http://cal.example.com/'), dataRoot: '', role: 'single' as const, hostId: 'test', limits: { ...LIMITS, ...options.limits }, admins: ['users/root'] },
      reader: createItemReader(() => NOW), accessLog: { write: (line) => { accessLines.push(line); } }, auditLog: { write: () => undefined }, inspector: noInspector,
    }),
  });
  const watcher = definePlugin({
    name: 'test/watcher', api: 1, summary: 'Learns the port.', config: NOTHING, requires: { listening }, provides: {},
    setup: ({ deps }) => { place = deps.listening; return {}; },
  });
  const definitions = {
    observed, clock: clockPlugin(clock), store: memoryStorePlugin({ ...provider, store: counted.store }), services: memoryServicesPlugin(), people: memoryDirectoryPlugin(memoryDirectory(people, options.members === undefined ? {} : { members: options.members })), directory: directoryPlugin,
    basic: trustingAuthenticatorPlugin(), authentication: authenticationPlugin, jobs: jobsPlugin, access: accessPlugin, principals: principalsPlugin, webdav: webdavPlugin,
    caldav: caldavPlugin, scheduling: schedulingPlugin, timezones: timezonesPlugin, front: frontPlugin, watcher,
    ...Object.fromEntries((options.steps ?? []).map((step, index) => [`step-${index}`, stepPlugin(step)])),
    ...Object.fromEntries((options.transports ?? []).map((transport, index) => [`transport-${index}`, transportPlugin(transport)])),
  };
  const instances: InstanceSpec[] = Object.entries(definitions).map(([name, definition]) => ({
    name, definition: definition as unknown as PluginDefinition, with: name === 'front' ? { listen: ['127.0.0.1:0'], 'trusted-proxies': ['127.0.0.1'] } : name === 'caldav' ? options.caldav ?? {} : {},
  }));
  const plan = await planGraph({ instances });
  if (plan.problems.length > 0) throw new Error(plan.problems.map(({ message }) => message).join('\n'));
  const graph = new Graph(logInto(errors));
  await graph.setUp(plan);
  await graph.start();
  const { port } = place!.addresses()[0]!;
  const url = `http://127.0.0.1:${port}`;
  return {
    url, store: provider.store, errors, accessLines, clock, calls: counted.calls,
    send: (method, path, body, headers = {}, as = 'amy') => send(url, method, path, body, headers, as),
    [Symbol.asyncDispose]: () => graph.stop(),
  };
}

async function send(url: string, method: string, path: string, body: string | Uint8Array | undefined, headers: Readonly<Record<string, string>>, as: string | null): Promise<Answer> {
  const type = body === undefined ? {} : { 'Content-Type': typeof body === 'string' && body.startsWith('<') ? 'text/xml' : 'text/calendar' };
  const response = await fetch(url + path, {
    method, redirect: 'manual', ...(body === undefined ? {} : { body: typeof body === 'string' ? body : Buffer.from(body) }), headers: { ...type, ...(as === null ? {} : { Authorization: basic(as) }), ...headers },
  });
  const text = await response.text();
  const xml = (): Element => parse(text);
  return { status: response.status, headers: response.headers, text, xml, condition: () => xml().children[0]?.name.local, rows: () => rowsOf(xml()) };
}

function rowsOf(root: Element): ReadonlyMap<string, Row> {
  return new Map(root.children.filter(({ name }) => name.local === 'response').map((response) => {
    const child = (node: Element, local: string): Element | undefined => node.children.find(({ name }) => name.local === local);
    const properties = new Map<string, Element>();
    const missing: string[] = [];
    for (const propstat of response.children.filter(({ name }) => name.local === 'propstat')) {
      const fine = child(propstat, 'status')!.text.includes(' 200 ');
      for (const property of child(propstat, 'prop')!.children) {
        if (fine) properties.set(property.name.local, property);
        else missing.push(property.name.local);
      }
    }
    const status = child(response, 'status')?.text.split(' ')[1];
    return [child(response, 'href')!.text, { status: status === undefined ? undefined : Number(status), properties, missing }];
  }));
}

function logInto(errors: string[]): Logger {
  const log: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: (message, fields) => void errors.push(`${message} ${JSON.stringify(fields)}`), child: () => log };
  return log;
}

function stepPlugin(step: WriteStep) {
  return definePlugin({ name: `test/${step.name}`, api: 1, summary: 'A write step of a test.', config: NOTHING, requires: {}, provides: { step: writeStep }, setup: () => ({ step }) });
}

/** The store, and what was asked of it. */
function counting(store: CalendarStore): { readonly store: CalendarStore; calls(): Readonly<Record<string, number>> } {
  let calls: Record<string, number> = {};
  return {
    store: new Proxy(store, {
      get(target, name: keyof CalendarStore & string) {
        const value: unknown = target[name];
        if (typeof value !== 'function') return value;
        return (...given: unknown[]): unknown => {
          // A home's name is looked after once in a process, beside the first request for it.
          if (name !== 'nameOwner') calls[name] = (calls[name] ?? 0) + 1;
          return (value as (...given: unknown[]) => unknown).apply(target, given);
        };
      },
    }),
    calls: () => {
      const seen = calls;
      calls = {};
      return seen;
    },
  };
}

const noInspector: Inspector = { plugins: () => [], health: async () => [], ready: () => true };
