/**
 * One connection to one directory server, opened, encrypted and bound. Once it is lost it stays lost: the library would connect again in silence, but without the
 * bind, and what an anonymous question does not find looks like somebody who was deleted; and it does not see the end of a connection that StartTLS encrypted. So
 * its sockets are made here, once each, and watched.
 */
import { connect as connectSocket, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Client, NoSuchObjectError, PresenceFilter, SizeLimitExceededError } from 'ldapts';
import type { Filter, SearchResult } from 'ldapts';
import { LdapEntry } from './entry.ts';
import { LdapRefused, LdapUnreachable, mayPass, sentenceOf } from './errors.ts';
import type { LdapServer, LdapSettings } from './settings.ts';
import { MIN_VERSION, ofTheSystem } from './system-authorities.ts';

export interface Question {
  readonly base: string;
  readonly scope?: 'base' | 'one' | 'sub';
  readonly filter: Filter;
  readonly attributes: readonly string[];
  /** Those of `attributes` whose values are octets, spelled as the server spells them. */ readonly octets?: readonly string[];
  /** A base that cannot be read, or a part of it that is elsewhere, is a refusal and not an empty answer. */ readonly isWhole?: boolean;
}

const KEEP_ALIVE_MILLISECONDS = 60_000;
const EVERYTHING = new PresenceFilter({ attribute: 'objectClass' });

export class LdapConnection {
  readonly server: LdapServer;
  readonly openedAt: number;
  /** Questions that wait for an answer. */ busy = 0;
  /** Servers keep one place in one listing for each connection. */ listing = false;
  readonly #client: Client;
  readonly #line: Line;

  private constructor(server: LdapServer, client: Client, line: Line, openedAt: number) {
    this.server = server;
    this.#client = client;
    this.#line = line;
    this.openedAt = openedAt;
  }

  /** `bind`: undefined asks anonymously. @throws LdapUnreachable; the library's ResultCodeError where the bind is refused */
  static async open(server: LdapServer, settings: LdapSettings, bind: LdapSettings['bind'], now: number): Promise<LdapConnection> {
    const { timeoutMilliseconds } = settings;
    const line: Line = { lost: false };
    const client = new Client({ url: server.security === 'tls' ? server.url : 'ldap://directory', timeout: timeoutMilliseconds, connectTimeout: timeoutMilliseconds, ...socketsOf(server, settings, line) });
    try {
      if (server.security === 'start-tls') await encrypt(client, server, settings);
      // Anonymous, where no account is given: the connection is open then, and known to be.
      await client.bind(bind?.dn ?? '', bind?.password ?? '');
      return new LdapConnection(server, client, line, now);
    } catch (error) {
      await client.unbind().catch(() => undefined);
      throw mayPass(error) ? new LdapUnreachable(`${server.url}: ${sentenceOf(error)}`, { cause: error }) : error;
    }
  }

  /** On a connection that asks nothing. @throws as `open` */
  async bindAgain({ dn, password }: NonNullable<LdapSettings['bind']>): Promise<void> {
    try {
      await this.#client.bind(dn, password);
    } catch (error) {
      throw mayPass(error) ? new LdapUnreachable(`${this.server.url}: ${sentenceOf(error)}`, { cause: error }) : error;
    }
  }

  get usable(): boolean {
    return !this.#line.lost && this.#client.isConnected;
  }

  /** At most `limit` entries. @throws LdapUnreachable | LdapRefused */
  search(question: Question, limit: number): Promise<readonly LdapEntry[]> {
    return this.#ask(question, async () => entriesOf(question, await this.#client.search(question.base, { ...optionsOf(question), sizeLimit: limit })));
  }

  /** All there are, a page at a time; the caller keeps others from listing meanwhile. @throws LdapUnreachable | LdapRefused */
  async *pages(question: Question, pageSize: number): AsyncGenerator<readonly LdapEntry[]> {
    const pages = this.#client.searchPaginated(question.base, { ...optionsOf(question), paged: { pageSize } });
    for (;;) {
      const page = await this.#ask(question, async () => pages.next(), () => ({ done: true as const, value: undefined }));
      if (page.done === true) return;
      const entries = entriesOf(question, page.value);
      if (entries.length > 0) yield entries;
    }
  }

  async close(): Promise<void> {
    this.#line.lost = true;
    await this.#client.unbind().catch(() => undefined);
  }

  async #ask<T>(question: Question, run: () => Promise<T>, nothing?: () => T): Promise<T> {
    this.busy++;
    try {
      return await run();
    } catch (error) {
      if (error instanceof LdapRefused) throw error;
      if (error instanceof NoSuchObjectError) {
        if (question.isWhole !== true && await this.#mayBeAbsent(question)) return nothing === undefined ? [] as T : nothing();
        throw new LdapRefused(`${this.server.url}: ${question.base} is not there, or may not be read by the bind-dn`, { cause: error });
      }
      if (error instanceof SizeLimitExceededError) throw new LdapRefused(`${this.server.url}: the directory gives the bind-dn fewer entries than there are, though they are asked for in pages`, { cause: error });
      if (!mayPass(error)) throw new LdapRefused(`${this.server.url}: ${sentenceOf(error)}`, { cause: error });
      void this.close();
      throw new LdapUnreachable(`${this.server.url}: ${sentenceOf(error)}`, { cause: error });
    } finally {
      this.busy--;
    }
  }

  /** A container that a site does without: its parent can be read. Where that cannot be read either, "no such object" may mean "not for you" (RFC 4511 §4.1.9). */
  async #mayBeAbsent({ base, scope }: Question): Promise<boolean> {
    if (scope === 'base') return true;
    const parent = base.slice(base.search(/(?<!\\),/) + 1);
    if (parent === base) return false;
    try {
      return (await this.#client.search(parent, { scope: 'base', filter: EVERYTHING, attributes: ['1.1'] })).searchEntries.length === 1;
    } catch {
      return false;
    }
  }
}

/** @throws LdapRefused where it is to be whole and is not */
function entriesOf({ base, isWhole = false }: Question, { searchEntries, searchReferences }: SearchResult): readonly LdapEntry[] {
  if (isWhole && searchReferences.length > 0) throw new LdapRefused(`a part of ${base} is on other servers: ${String(searchReferences[0])}`);
  return searchEntries.map((entry) => new LdapEntry(entry));
}

function optionsOf({ scope = 'sub', filter, attributes, octets = [] }: Question) {
  return { scope, filter, attributes: [...attributes], explicitBufferAttributes: [...octets] };
}

interface Line { lost: boolean }

/** Factories that work once. */
function socketsOf(server: LdapServer, settings: LdapSettings, line: Line): { createConnection: typeof connectSocket; createSecureConnection: typeof connectTls } {
  const made = { plain: false, secure: false };
  const heard: Buffer[] = [];
  const hear = (octets: Buffer): void => { heard.push(octets); };
  const lost = (): void => { line.lost = true; };
  const once = (kind: keyof typeof made): void => {
    if (made[kind]) throw new LdapUnreachable(`${server.url}: the connection was lost`);
    made[kind] = true;
  };
  const createConnection = (): ReturnType<typeof connectSocket> => {
    once('plain');
    const socket = server.socket === undefined ? connectSocket({ port: server.port, host: server.host, ...lookupOf(settings) }) : connectSocket({ path: server.socket });
    if (server.security === 'start-tls') socket.on('data', hear);
    return socket.setKeepAlive(true, KEEP_ALIVE_MILLISECONDS).setNoDelay(true).once('close', lost).once('end', lost);
  };
  // By StartTLS the library hands over the options with the socket in them; by ldaps:// port, host and options.
  const createSecureConnection = (first: unknown): ReturnType<typeof connectTls> => {
    once('secure');
    const options = typeof first === 'object' ? first as { readonly socket?: Socket } : { port: server.port, ...lookupOf(settings), ...tlsOptionsOf(server, settings) };
    if ('socket' in options) {
      options.socket?.off('data', hear);
      // The library would read what is left with the first octets that come encrypted: whoever stands between could say "yes" to a password (CVE-2011-0411).
      if (!isOneMessage(Buffer.concat(heard))) throw new LdapUnreachable(`${server.url}: there was more in the clear than the answer to StartTLS`);
    }
    const socket = connectTls(options);
    // What waits for an answer waits on the socket below.
    const below = 'socket' in options ? options.socket : undefined;
    socket.once('close', lost).once('end', lost).once('close', () => below?.destroy());
    socket.setKeepAlive(true, KEEP_ALIVE_MILLISECONDS).setNoDelay(true);
    return socket;
  };
  return { createConnection: createConnection as typeof connectSocket, createSecureConnection: createSecureConnection as typeof connectTls };
}

/** One LDAPMessage (RFC 4511 §5.1: lengths are definite), and nothing behind it. */
function isOneMessage(octets: Buffer): boolean {
  const [tag, first = 0x80] = octets;
  const more = first & 0x7f;
  if (tag !== 0x30 || (first > 0x7f && (more === 0 || more > 4 || octets.length < 2 + more))) return false;
  return octets.length === (first > 0x7f ? 2 + more + octets.readUIntBE(2, more) : 2 + first);
}

function lookupOf({ lookup }: LdapSettings): { readonly lookup?: NonNullable<LdapSettings['lookup']> } {
  return lookup === undefined ? {} : { lookup };
}

/** The certificate must be for `serverName`, else for the host of the URL. */
function tlsOptionsOf(server: LdapServer, settings: LdapSettings) {
  const name = settings.serverName ?? server.host;
  const ca = settings.ca();
  const named = { host: server.host, ...(isIP(name) === 0 ? { servername: name } : {}) };
  return ca === undefined ? { ...named, secureContext: ofTheSystem() } : { ...named, minVersion: MIN_VERSION, ca };
}

/** A server that will not, whatever its reason, says nothing about who binds. @throws LdapUnreachable */
async function encrypt(client: Client, server: LdapServer, settings: LdapSettings): Promise<void> {
  try {
    await inTime(client.startTLS(tlsOptionsOf(server, settings)), settings.timeoutMilliseconds);
  } catch (error) {
    throw new LdapUnreachable(`StartTLS: ${sentenceOf(error)}`, { cause: error });
  }
}

/** A handshake that never ends gives no error. */
async function inTime<T>(task: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([task, new Promise<never>((_, reject) => { timer = setTimeout(() => { reject(new Error('StartTLS was not answered in time')); }, milliseconds); })]);
  } finally {
    clearTimeout(timer);
  }
}
