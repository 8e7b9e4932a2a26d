/** The ways to put one question: to the directory itself by the LDAP library, to our DirectorySource, and to the server over HTTP. Each tells how many it found. */
import { readFileSync } from 'node:fs';
import type { Clock, DirectorySource } from '@kalends/contracts';
import { clock, directorySource } from '@kalends/contracts';
import openDirectory from '@kalends/directory-open-directory';
import { Graph, definePlugin, planGraph } from '@kalends/kernel';
import type { Logger, PluginDefinition } from '@kalends/kernel';
import { Client as LdapClient, FilterParser } from 'ldapts';
import { z } from 'zod';
import { Client } from '../client.ts';
import type { Peer } from '../peers/started-server.ts';
import { responsesIn } from '../requests.ts';
import type { Ldap } from '../services.ts';
import { rawForEachKind, rawTogether } from './questions.ts';
import type { Asked, RawQuestion } from './questions.ts';

export type Reached = Pick<Ldap, 'url' | 'base' | 'bindDn' | 'bindPassword'> & { /** Undefined: in the clear. */ readonly ca: string | undefined };
export type Way = (asked: Asked) => Promise<number>;

/** Connections of the raw questions, as many as ours has: one for each kind. */
const CONNECTIONS = 4;
/** What the directory of the tests gives at once; more than any question here finds. */
const SIZE_LIMIT = 200;
const TIMEOUT_MILLISECONDS = 10_000;

/** The filters are parsed beforehand. */
export async function openRaw({ url, base, bindDn, bindPassword, ca }: Reached): Promise<{ readonly together: Way; readonly forEachKind: Way; close(): Promise<void> }> {
  const clients: LdapClient[] = [];
  for (let at = 0; at < CONNECTIONS; at++) {
    const client = new LdapClient({ url, timeout: TIMEOUT_MILLISECONDS });
    if (ca !== undefined && url.startsWith('ldap:')) await client.startTLS({ ca: readFileSync(ca, 'utf8'), host: new URL(url).hostname });
    await client.bind(bindDn, bindPassword);
    clients.push(client);
  }
  const parsed = new Map<string, ReturnType<typeof FilterParser.parseString>>();
  const ask = async (client: LdapClient, { base: below, filter: text, attributes }: RawQuestion): Promise<number> => {
    const filter = parsed.get(text) ?? FilterParser.parseString(text);
    parsed.set(text, filter);
    return (await client.search(below, { scope: 'sub', filter, attributes: attributes as string[], sizeLimit: SIZE_LIMIT })).searchEntries.length;
  };
  const written = new Map<Asked, { readonly one: RawQuestion; readonly each: readonly RawQuestion[] }>();
  const writtenFor = (asked: Asked): { readonly one: RawQuestion; readonly each: readonly RawQuestion[] } => {
    const known = written.get(asked) ?? { one: rawTogether(asked, base), each: rawForEachKind(asked, base) };
    written.set(asked, known);
    return known;
  };
  return {
    together: (asked) => ask(clients[0]!, writtenFor(asked).one),
    forEachKind: async (asked) => (await Promise.all(writtenFor(asked).each.map((question, at) => ask(clients[at]!, question)))).reduce((sum, count) => sum + count, 0),
    close: async () => { for (const client of clients) await client.unbind(); },
  };
}

const realClock: Clock = {
  now: () => Date.now(), monotonic: () => performance.now(),
  after: (milliseconds, signal) => new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => { clearTimeout(timer); reject(signal.reason as Error); }, { once: true });
  }),
};

/** The plugin as the kernel sets it up, with no server around it. @throws Error with the problems of the config */
export async function openSource({ url, base, bindDn, bindPassword, ca }: Reached): Promise<{ readonly search: Way; close(): Promise<void> }> {
  const say = (message: string, fields?: unknown): void => { console.error(message, fields ?? ''); };
  const log: Logger = { debug: () => undefined, info: () => undefined, warn: say, error: say, child: () => log };
  const none = z.strictObject({});
  let source: DirectorySource | undefined;
  const time = definePlugin({ name: 'bench/clock', api: 1, summary: 'The time.', config: none, provides: { clock }, requires: {}, setup: () => ({ clock: realClock }) });
  const holder = definePlugin({
    name: 'bench/holder', api: 1, summary: 'Holds the directory.', config: none, provides: {}, requires: { sources: directorySource },
    setup: ({ deps }) => {
      source = deps.sources[0];
      return {};
    },
  });
  const config = { url, base, 'bind-dn': bindDn, 'bind-password': bindPassword, ...(ca === undefined ? { 'start-tls': false } : { ca }) };
  const example = { users: { disabled: { attribute: 'calStatus', values: ['disabled'] } }, locations: { schedule: { 'accept-group': 'autoAcceptGroup' }, delegates: { read: 'calROProxy', write: 'calRWProxy' } } };
  const plan = await planGraph({ instances: [
    { name: 'people', definition: openDirectory as unknown as PluginDefinition, with: { ...config, ...example } },
    { name: 'clock', definition: time as unknown as PluginDefinition }, { name: 'holder', definition: holder as unknown as PluginDefinition },
  ] });
  if (plan.problems.length > 0) throw new Error(plan.problems.map(({ message }) => message).join('\n'));
  const graph = new Graph(log);
  await graph.setUp(plan);
  await graph.start();
  return {
    search: async ({ query }) => {
      let count = 0;
      for await (const batch of source!.search(query)) count += batch.length;
      return count;
    },
    close: () => graph.stop(),
  };
}

/** The whole of it: Basic, the report, its answer as XML. */
export function openHttp({ home, account }: Peer): { readonly search: Way; close(): void } {
  const client = new Client(home, account, TIMEOUT_MILLISECONDS);
  return {
    search: async ({ body }) => {
      const answer = await client.send('REPORT', '/principals/', { 'Content-Type': 'application/xml; charset=utf-8', Depth: '0' }, body);
      if (answer.status !== 207) throw new Error(`the report was answered ${String(answer.status)}: ${answer.body.toString().slice(0, 300)}`);
      return responsesIn(answer.body);
    },
    close: () => { client.close(); },
  };
}
