/**
 * The connections of one process to one directory. A question that meets a broken connection is asked again on a new one, of the next server where the first is
 * gone, until the time for an answer is over; so a restart of a server costs nobody an error. A directory that stays away is asked once a second, by nobody's
 * request, and everybody else hears at once that it cannot be reached.
 */
import type { Clock } from '@kalends/contracts';
import type { HealthReport, Logger } from '@kalends/kernel';
import { InvalidCredentialsError, SizeLimitExceededError } from 'ldapts';
import { BindConnections } from './bind-connections.ts';
import { LdapConnection } from './connection.ts';
import type { Question } from './connection.ts';
import type { LdapEntry } from './entry.ts';
import { LdapRefused, LdapUnreachable, mayPass, sentenceOf } from './errors.ts';
import { present } from './filters.ts';
import type { LdapServer, LdapSettings } from './settings.ts';

/** Questions in flight on every connection before one more is opened. */
const CROWDED = 16;
/** Between two rounds of all servers. */
const ROUND_MILLISECONDS = 100;
/** A directory that is known to be away. */
const PROBE_MILLISECONDS = 1_000;
/** A server that failed is tried after the others for this long. */
const AVOID_MILLISECONDS = 30_000;
/** After this long on another server the best is tried again. */
const SECOND_BEST_MILLISECONDS = 60_000;
/** A reading account that was refused is not tried again for this long: directories lock accounts that are wrong too often. */
const REFUSED_MILLISECONDS = 30_000;
const PAGE = 500;
/** 389 counts a page against its size limit (OpenLDAP all pages together, which no page mends): it is asked for less at once, down to this. */
const SMALLEST_PAGE = 20;

export class LdapPool {
  readonly #settings: LdapSettings;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #connections = new Set<LdapConnection>();
  readonly #binding: BindConnections;
  readonly #waitingToList: (() => void)[] = [];
  #opening: Promise<LdapConnection> | undefined;
  readonly #avoided = new Map<string, number>();
  /** Since when no server was reached (`Clock.monotonic`), and when that was tried last. */
  #away: { readonly since: number; readonly triedAt: number; readonly error: Error } | undefined;
  #refused: { readonly error: LdapRefused; readonly until: number } | undefined;
  #closed = false;
  /** As they were named last. */ #servers: readonly LdapServer[] = [];
  /** The largest page that is known to be given. */ #page = PAGE;

  constructor(settings: LdapSettings, clock: Clock, log: Logger) {
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
    this.#binding = new BindConnections(settings.connections, clock);
  }

  /** At most `limit` entries. @throws LdapUnreachable | LdapRefused */
  async search(question: Question, limit: number): Promise<readonly LdapEntry[]> {
    let until = this.#clock.monotonic() + this.#settings.timeoutMilliseconds;
    for (;;) {
      const connection = await this.#connection(until);
      try {
        return await connection.search(question, limit);
      } catch (error) {
        until = this.#failed(connection, error, until);
      }
    }
  }

  /**
   * All entries, a page at a time, until `take` says false. A connection is held meanwhile, so `take` waits for nobody. Begun again on another connection only as
   * long as nothing was taken. @throws LdapUnreachable | LdapRefused
   */
  async list(question: Question, take: (page: readonly LdapEntry[]) => boolean, pageSize = PAGE): Promise<void> {
    let until = this.#clock.monotonic() + this.#settings.timeoutMilliseconds;
    for (let taken = false; ;) {
      const connection = await this.#toListOn(until);
      const size = Math.min(pageSize, this.#page);
      try {
        for await (const page of connection.pages(question, size)) {
          taken = true;
          if (!take(page)) break;
        }
        return;
      } catch (error) {
        if (taken) throw error;
        if (error instanceof Error && error.cause instanceof SizeLimitExceededError && size > SMALLEST_PAGE) {
          this.#page = Math.max(SMALLEST_PAGE, Math.floor(size / 5));
          continue;
        }
        until = this.#failed(connection, error, until);
      } finally {
        connection.listing = false;
        this.#waitingToList.shift()?.();
      }
    }
  }

  /** What `read` makes of all entries; undefined is left out. @throws LdapUnreachable | LdapRefused */
  async collect<T>(question: Question, read: (entry: LdapEntry) => T | undefined): Promise<readonly T[]> {
    const found: T[] = [];
    await this.list(question, (page) => {
      for (const entry of page) {
        const value = read(entry);
        if (value !== undefined) found.push(value);
      }
      return true;
    });
    return found;
  }

  /** Whether `dn` and `password` belong together: on a connection that never carries a question. @throws LdapUnreachable; ResultCodeError */
  async bind(dn: string, password: string): Promise<void> {
    let until = this.#clock.monotonic() + this.#settings.timeoutMilliseconds;
    for (let kept = this.#binding.take(this.#best); kept !== undefined; kept = this.#binding.take(this.#best)) {
      try {
        await kept.bindAgain({ dn, password });
        this.#binding.keep(kept);
        return;
      } catch (error) {
        // A refusal leaves the connection as it was, and nobody on it.
        if (error instanceof InvalidCredentialsError) this.#binding.keep(kept);
        else void kept.close();
        until = this.#failed(kept, error, until);
      }
    }
    this.#binding.keep(await this.#openUntil(until, { dn, password }));
  }

  /** Whether `base` can be read now. */
  async health(base: string): Promise<HealthReport> {
    try {
      const found = await this.search({ base, scope: 'base', filter: present('objectClass'), attributes: ['1.1'] }, 1);
      return found.length === 1 ? { ok: true } : { ok: false, detail: `${base} is not there, or may not be read by the bind-dn` };
    } catch (error) {
      return { ok: false, detail: sentenceOf(error) };
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const wake of this.#waitingToList.splice(0)) wake();
    const opening = await this.#opening?.catch(() => undefined);
    await Promise.all([this.#binding.close(), ...[...this.#connections, ...(opening === undefined ? [] : [opening])].map((connection) => connection.close())]);
    this.#connections.clear();
  }

  /** Drops a connection that broke; throws on what asking again would not mend. @returns until when to ask on */
  #failed(connection: LdapConnection, error: unknown, until: number): number {
    if (!(error instanceof LdapUnreachable)) throw error;
    const now = this.#clock.monotonic();
    const { url } = connection.server;
    this.#connections.delete(connection);
    // One that was lost while idle says nothing about its server; one that did not answer does.
    if (/timed out/.test(error.message)) {
      this.#avoided.set(url, now + AVOID_MILLISECONDS);
      for (const other of this.#connections) if (other.server.url === url) this.#drop(other);
    }
    if (this.#closed) throw error;
    if (now < until) return until;
    // A server that hangs takes all the time there is; the next has its own.
    if (!this.#isAvoided(url) || this.#servers.every((server) => this.#isAvoided(server.url))) throw error;
    return now + this.#settings.timeoutMilliseconds;
  }

  #isAvoided(url: string): boolean {
    return (this.#avoided.get(url) ?? 0) > this.#clock.monotonic();
  }

  async #connection(until: number): Promise<LdapConnection> {
    this.#sweep();
    let best: LdapConnection | undefined;
    for (const connection of this.#connections) if (best === undefined || connection.busy < best.busy) best = connection;
    if (best === undefined) return this.#oneMore(until);
    if (best.busy >= CROWDED && this.#connections.size < this.#settings.connections) this.#oneMore(until).catch(() => undefined);
    return best;
  }

  async #toListOn(until: number): Promise<LdapConnection> {
    for (;;) {
      this.#sweep();
      const free = [...this.#connections].find((connection) => !connection.listing);
      const connection = free ?? (this.#connections.size < this.#settings.connections ? await this.#oneMore(until) : undefined);
      if (connection !== undefined && !connection.listing) {
        connection.listing = true;
        return connection;
      }
      if (connection === undefined) await new Promise<void>((resolve) => { this.#waitingToList.push(resolve); });
      if (this.#closed) throw new LdapUnreachable('the server is stopping');
    }
  }

  /** Connections that are lost go; those to another server than the best go when there is one to the best, which is looked for now and then. */
  #sweep(): void {
    this.#binding.sweep();
    const now = this.#clock.monotonic();
    const best = this.#best;
    for (const connection of this.#connections) if (!connection.usable) this.#connections.delete(connection);
    const away = best === undefined ? [] : [...this.#connections].filter(({ server }) => server.url !== best);
    if (away.length === 0) return;
    if (away.length < this.#connections.size) {
      for (const connection of away) if (connection.busy === 0 && !connection.listing) this.#drop(connection);
    } else if (away.every(({ openedAt }) => now - Math.max(openedAt, this.#lookedForBest) > SECOND_BEST_MILLISECONDS)) void this.#returnToBest(now);
  }

  #drop(connection: LdapConnection): void {
    this.#connections.delete(connection);
    void connection.close();
  }

  #best: string | undefined;
  #lookedForBest = 0;

  /** Beside the questions, which go on with what there is: a server that swallows connections would keep them waiting. */
  async #returnToBest(now: number): Promise<void> {
    this.#lookedForBest = now;
    try {
      const [best] = await this.#settings.servers();
      if (best === undefined) return;
      const home = await LdapConnection.open(best, this.#settings, this.#settings.bind, now);
      this.#avoided.delete(best.url);
      if (this.#closed) await home.close();
      else this.#connections.add(home);
    } catch (error) {
      this.#log.debug('the best directory server is still away', { problem: sentenceOf(error) });
    }
  }

  #oneMore(until: number): Promise<LdapConnection> {
    this.#opening ??= this.#openUntil(until, this.#settings.bind).then((connection) => {
      this.#connections.add(connection);
      return connection;
    }).finally(() => { this.#opening = undefined; });
    return this.#opening;
  }

  async #openUntil(until: number, bind: LdapSettings['bind']): Promise<LdapConnection> {
    for (;;) {
      if (this.#closed) throw new LdapUnreachable('the server is stopping');
      const now = this.#clock.monotonic();
      if (bind === this.#settings.bind && this.#refused !== undefined && now < this.#refused.until) throw this.#refused.error;
      const away = this.#away;
      const known = away !== undefined && now - away.since >= this.#settings.timeoutMilliseconds;
      if (known && now - away.triedAt < PROBE_MILLISECONDS) throw away.error;
      // Whoever comes while this one tries hears of it at once.
      if (known) this.#away = { ...away, triedAt: now + this.#settings.timeoutMilliseconds };
      try {
        return await this.#open(bind);
      } catch (error) {
        if (!(error instanceof LdapUnreachable)) throw error;
        const at = this.#clock.monotonic();
        if (this.#away === undefined) this.#log.warn('the directory cannot be reached', { problem: error.message });
        this.#away = { since: this.#away?.since ?? now, triedAt: at, error };
        if (known || at + ROUND_MILLISECONDS >= until) throw error;
        await this.#clock.after(ROUND_MILLISECONDS);
      }
    }
  }

  /** Of all servers the first that takes us. */
  async #open(bind: LdapSettings['bind']): Promise<LdapConnection> {
    const problems: string[] = [];
    for (const server of await this.#inOrder()) {
      try {
        const connection = await LdapConnection.open(server, this.#settings, bind, this.#clock.monotonic());
        if (this.#away !== undefined) this.#log.info('the directory is reached again', { url: server.url });
        this.#away = undefined;
        if (bind === this.#settings.bind) this.#refused = undefined;
        this.#avoided.delete(server.url);
        return connection;
      } catch (error) {
        // The password of somebody who logs in: that is the answer. The reading account's: no other server will think otherwise.
        if (!mayPass(error)) {
          if (bind !== this.#settings.bind) throw error;
          const refused = new LdapRefused(`${server.url}: ${sentenceOf(error)}`, { cause: error });
          this.#log.error('the directory does not let this server read it', { problem: refused.message });
          this.#refused = { error: refused, until: this.#clock.monotonic() + REFUSED_MILLISECONDS };
          throw refused;
        }
        problems.push(sentenceOf(error));
        this.#avoided.set(server.url, this.#clock.monotonic() + AVOID_MILLISECONDS);
      }
    }
    throw new LdapUnreachable(problems.join('; '));
  }

  async #inOrder(): Promise<readonly LdapServer[]> {
    let servers: readonly LdapServer[];
    try {
      servers = await this.#settings.servers();
    } catch (error) {
      throw new LdapUnreachable(sentenceOf(error), { cause: error });
    }
    this.#best = servers[0]?.url;
    this.#servers = servers;
    const avoided = ({ url }: LdapServer): boolean => this.#isAvoided(url);
    return [...servers.filter((server) => !avoided(server)), ...servers.filter(avoided)];
  }
}
