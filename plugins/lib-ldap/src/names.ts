/**
 * Names and services by DNS, of the host's resolver or of servers that the config names. What was answered once is known from then on: it is asked anew now and then,
 * beside whoever waits, and DNS that is away or has lost a name takes no directory away that can be reached.
 */
import { Resolver, lookup as hostLookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import type { Clock } from '@kalends/contracts';
import { SettingError, reasonOf } from '@kalends/kernel';
import type { Logger } from '@kalends/kernel';
import { sentenceOf } from './errors.ts';
import { queryServices } from './service-query.ts';

export interface ServiceRecord { readonly name: string; readonly port: number; readonly priority: number; readonly weight: number }
interface Address { readonly address: string; readonly family: number }

/** After this long DNS is asked again. */
const FRESH_MILLISECONDS = 60_000;
/** Of each server, twice. */
const QUERY_MILLISECONDS = 1_500;

export class Names {
  readonly #resolver: Resolver;
  readonly #services: Known<readonly ServiceRecord[]>;
  readonly #addresses: Known<readonly Address[]>;
  /** For sockets. */ readonly lookup: LookupFunction;

  /** `servers`: addresses, with a port where it is not 53; none: those of the host. `query`: in place of Node's resolver. @throws SettingError where one is no address */
  constructor(servers: readonly string[], clock: Pick<Clock, 'monotonic'>, log: Logger, query?: (servers: readonly string[], name: string) => Promise<readonly ServiceRecord[]>) {
    this.#resolver = new Resolver({ timeout: QUERY_MILLISECONDS, tries: 2 });
    try {
      if (servers.length > 0) this.#resolver.setServers(servers);
    } catch (error) {
      throw new SettingError(['dns-servers'], reasonOf(error), { remedy: 'write addresses, with a port if it is not 53: 10.0.0.53, [2001:db8::53]:5353', cause: error });
    }
    this.#services = new Known((name) => (query === undefined ? this.#servicesOf(name) : query(this.#resolver.getServers(), name)), clock, log);
    this.#addresses = new Known(servers.length > 0 ? (name) => this.#addressesOf(name) : (name) => hostLookup(name, { all: true }), clock, log);
    this.lookup = (name, { all = false }, callback) => {
      (isIP(name) === 0 ? this.#addresses.get(name) : Promise.resolve([{ address: name, family: isIP(name) }])).then((found) => {
        const [first] = found;
        if (all) callback(null, [...found]);
        else callback(null, first?.address ?? '', first?.family ?? 4);
      }, (error: unknown) => { callback(error as NodeJS.ErrnoException, '', 4); });
    };
  }

  /** SRV (RFC 2782), in no order. @throws the resolver's error, with its `code` */
  services(name: string): Promise<readonly ServiceRecord[]> {
    return this.#services.get(name);
  }

  async #servicesOf(name: string): Promise<readonly ServiceRecord[]> {
    try {
      return await this.#resolver.resolveSrv(name);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EBADRESP')) throw error;
      return queryServices(this.#resolver.getServers(), name, QUERY_MILLISECONDS);
    }
  }

  async #addressesOf(name: string): Promise<readonly Address[]> {
    const [four, six] = await Promise.allSettled([this.#resolver.resolve4(name), this.#resolver.resolve6(name)]);
    const found = [...(four.status === 'fulfilled' ? four.value.map((address) => ({ address, family: 4 })) : []), ...(six.status === 'fulfilled' ? six.value.map((address) => ({ address, family: 6 })) : [])];
    if (found.length === 0 && four.status === 'rejected') throw four.reason;
    return found;
  }
}

/** Whether DNS answered, and knows no such name or nothing of that kind about it. */
export function isUnknownName(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOTFOUND' || error.code === 'ENODATA');
}

type Answer<T> = { readonly value: T } | { readonly unknown: Error };

class Known<T> {
  readonly #ask: (name: string) => Promise<T>;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #log: Logger;
  readonly #answers = new Map<string, { readonly answer: Answer<T>; readonly at: number }>();
  readonly #asking = new Map<string, Promise<Answer<T>>>();

  constructor(ask: (name: string) => Promise<T>, clock: Pick<Clock, 'monotonic'>, log: Logger) {
    this.#ask = ask;
    this.#clock = clock;
    this.#log = log;
  }

  async get(name: string): Promise<T> {
    const known = this.#answers.get(name);
    if (known !== undefined && this.#clock.monotonic() - known.at >= FRESH_MILLISECONDS && !this.#asking.has(name)) void this.#refresh(name, known.answer);
    const answer = known?.answer ?? await this.#fresh(name);
    if ('unknown' in answer) throw answer.unknown;
    return answer.value;
  }

  /** Nothing takes the place of something. */
  async #refresh(name: string, before: Answer<T>): Promise<void> {
    let trouble: unknown;
    try {
      const after = await this.#fresh(name);
      if ('value' in after || 'unknown' in before) return;
      trouble = after.unknown;
    } catch (error) {
      trouble = error;
    }
    this.#keep(name, before);
    this.#log.warn('DNS does not answer, or not so any more; what it said before is taken', { name, problem: sentenceOf(trouble) });
  }

  #fresh(name: string): Promise<Answer<T>> {
    const running = this.#asking.get(name) ?? this.#ask(name).then((value): Answer<T> => ({ value }), (error: unknown): Answer<T> => {
      if (error instanceof Error && isUnknownName(error)) return { unknown: error };
      throw error;
    }).then((answer) => this.#keep(name, answer)).finally(() => { this.#asking.delete(name); });
    this.#asking.set(name, running);
    return running;
  }

  #keep(name: string, answer: Answer<T>): Answer<T> {
    this.#answers.set(name, { answer, at: this.#clock.monotonic() });
    return answer;
  }
}
