/**
 * One source behind a cache: answers and absences alike, each for a while, and only as long as the source's stamp stays. While the source is down, what it said
 * before goes on being true, up to a limit, and nobody waits for it; what it never said is DirectoryUnavailable, not "nobody".
 */
import { DirectoryUnavailable } from '@kalends/contracts';
import type { Batches, Clock, DirectoryQuery, DirectorySource, Principal, PrincipalId } from '@kalends/contracts';
import { LRUCache } from 'lru-cache';
import { Recent } from './recent.ts';

export interface CacheTimes {
  /** Records and memberships. */ readonly recordSeconds: number;
  /** "There is nobody": shorter, for people are added and then log in. */ readonly absentSeconds: number;
  /** While the source is down. */ readonly staleSeconds: number;
  readonly entries: number;
}
interface Kept { readonly value: unknown; /** Milliseconds of `Clock.monotonic`. */ readonly at: number; readonly stamp: string }

/** A stamp is asked again after this long, so that one request costs one. */
const STAMP_MILLISECONDS = 50;
/** A source that takes longer is not waited for where it said something before: the new answer counts from the next question on. */
const PATIENCE_MILLISECONDS = 1_000;
/** Kinds that are listed whole again and again, and of which there are few: who may act for which room. */
const LISTED_OFTEN: ReadonlySet<Principal['kind']> = new Set(['location', 'resource']);

export class CachedSource {
  readonly name: string;
  readonly guests: boolean;
  readonly #source: DirectorySource;
  readonly #clock: Clock;
  readonly #times: CacheTimes;
  readonly #kept: LRUCache<string, Kept>;
  readonly #asking = new Map<string, Promise<unknown>>();
  readonly #stamp: Recent<string>;
  /** Undefined while it answers. */ #trouble: { readonly asking: 'stamp' | 'record'; readonly error: Error } | undefined;

  constructor(source: DirectorySource, clock: Clock, times: CacheTimes) {
    this.name = source.name;
    this.guests = source.guests ?? false;
    this.#source = source;
    this.#clock = clock;
    this.#times = times;
    this.#kept = new LRUCache({ max: times.entries });
    this.#stamp = new Recent(clock, STAMP_MILLISECONDS, (last) => this.#askStamp(last));
  }

  keeps(source: DirectorySource): boolean {
    return source === this.#source;
  }

  /** What the source last failed with; undefined once it answers again. */
  get trouble(): Error | undefined {
    return this.#trouble?.error;
  }

  /** `maxAgeSeconds`: less than the usual age, for what must be fresh. */
  findById(id: PrincipalId, maxAgeSeconds = Infinity): Promise<Principal | undefined> {
    return this.#ask(`id ${id}`, () => this.#source.findById(id), maxAgeSeconds);
  }
  findByAccount(account: string, maxAgeSeconds = Infinity): Promise<Principal | undefined> {
    return this.#ask(`account ${account}`, () => this.#source.findByAccount(account), maxAgeSeconds);
  }
  findByName(kind: Principal['kind'], name: string): Promise<Principal | undefined> {
    return this.#ask(`name ${kind}/${name}`, () => this.#source.findByName(kind, name));
  }
  findByAddress(address: string): Promise<Principal | undefined> {
    return this.#ask(`address ${address}`, () => this.#source.findByAddress(address));
  }
  /** Those of `ids` that are somebody's here, in any case. */
  async known(ids: readonly PrincipalId[]): Promise<ReadonlySet<PrincipalId>> {
    await this.#preload(ids);
    const answers = await Promise.all(ids.map((id) => this.#ask(keyOfKnown(id), async () => ((await this.#askKnown([id])).has(id) ? true : undefined))));
    return new Set(ids.filter((_, at) => answers[at] === true));
  }
  groupsOf(id: PrincipalId): Promise<ReadonlySet<PrincipalId>> {
    return this.#ask(`groups ${id}`, () => this.#source.groupsOf(id));
  }
  list(kind: Principal['kind'], after: string | undefined, limit: number): Promise<readonly Principal[]> {
    const load = (): Promise<readonly Principal[]> => this.#source.list(kind, after, limit);
    return LISTED_OFTEN.has(kind) ? this.#ask(`list ${kind} ${String(limit)} ${after ?? ''}`, load) : this.#telling(load);
  }

  /** Members and searches are asked of the source each time: they are rare, and may be large. */
  membersOf(id: PrincipalId): Batches<PrincipalId> {
    return this.#tellingBatches(() => this.#source.membersOf(id));
  }
  search(query: DirectoryQuery): Batches<Principal> {
    return this.#tellingBatches(() => this.#source.search(query));
  }

  /** The last one known while the source is down. */
  stamp(): Promise<string> {
    return this.#stamp.get();
  }

  /** Undefined: ask `stamp`. */
  get freshStamp(): string | undefined {
    return this.#stamp.fresh;
  }

  /** Many at once; what fails here is asked again, one by one, by whoever wants to know. */
  async #preload(ids: readonly PrincipalId[]): Promise<void> {
    const stamp = this.freshStamp ?? await this.stamp();
    const missing = ids.filter((id) => !this.#isFresh(this.#kept.get(keyOfKnown(id)), stamp));
    if (missing.length < 2 || this.trouble !== undefined) return;
    const at = this.#clock.monotonic();
    const found = await this.#askKnown(missing).catch(() => undefined);
    if (found !== undefined) for (const id of missing) this.#kept.set(keyOfKnown(id), { value: found.has(id) ? true : undefined, at, stamp });
  }

  async #askKnown(ids: readonly PrincipalId[]): Promise<ReadonlySet<PrincipalId>> {
    if (this.#source.known !== undefined) return this.#source.known(ids);
    const found = await Promise.all(ids.map((id) => Promise.all([...new Set([id, id.toLowerCase(), id.toUpperCase()])].map((spelling) => this.#source.findById(spelling as PrincipalId)))));
    return new Set(ids.filter((_, at) => found[at]!.some((each) => each !== undefined)));
  }

  #isFresh(kept: Kept | undefined, stamp: string, maxAgeSeconds = Infinity): kept is Kept {
    return kept !== undefined && kept.stamp === stamp && this.#ageSeconds(kept) < Math.min(maxAgeSeconds, this.#lifeSeconds(kept));
  }

  async #askStamp(last: string | undefined): Promise<string> {
    try {
      const value = await this.#source.stamp();
      if (this.#trouble?.asking === 'stamp') this.#trouble = undefined;
      return value;
    } catch (error) {
      this.#trouble = { asking: 'stamp', error: asError(error) };
      return last ?? '';
    }
  }

  async #ask<T>(key: string, load: () => Promise<T>, maxAgeSeconds = Infinity): Promise<T> {
    const stamp = this.freshStamp ?? await this.stamp();
    const kept = this.#kept.get(key);
    if (this.#isFresh(kept, stamp, maxAgeSeconds)) return kept.value as T;
    let asking = this.#asking.get(key) as Promise<T> | undefined;
    if (asking === undefined) {
      asking = this.#load(key, load, stamp, kept).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
    }
    return kept === undefined || this.#ageSeconds(kept) >= this.#times.staleSeconds ? asking : this.#inPatience(asking, kept);
  }

  /** At once what was known while the source is in trouble; else the answer, if it comes soon. Either way the answer is kept when it comes. */
  async #inPatience<T>(asking: Promise<T>, kept: Kept): Promise<T> {
    const known = kept.value as T;
    if (this.trouble !== undefined) {
      asking.catch(() => undefined);
      return known;
    }
    const answered = new AbortController();
    const late = this.#clock.after(PATIENCE_MILLISECONDS, answered.signal).then(() => known, () => known);
    try {
      return await Promise.race([asking, late]);
    } finally {
      answered.abort();
    }
  }

  async #load<T>(key: string, load: () => Promise<T>, stamp: string, kept: Kept | undefined): Promise<T> {
    // Of the question: what happened after it the answer may not know.
    const at = this.#clock.monotonic();
    try {
      const value = await load();
      this.#trouble = undefined;
      this.#kept.set(key, { value, at, stamp });
      // Whose it is by id only the source can tell, for somebody else may have it too: kept to be forgotten with it, and for no answer.
      if (isPrincipal(value) && !this.#kept.has(`id ${value.id}`)) this.#kept.set(`id ${value.id}`, { value, at: -Infinity, stamp: '' });
      if (isPrincipal(kept?.value) && (value === undefined || (isPrincipal(value) && value.id !== kept.value.id))) this.#forget(kept.value);
      return value;
    } catch (error) {
      this.#trouble = { asking: 'record', error: asError(error) };
      if (kept !== undefined && this.#ageSeconds(kept) < this.#times.staleSeconds) return kept.value as T;
      throw new DirectoryUnavailable(this.name, error);
    }
  }

  /** Whoever is gone by one question, or is somebody else, is so by all. */
  #forget({ id }: Principal): void {
    for (const [key, { value }] of this.#kept.entries()) if (isPrincipal(value) && value.id === id) this.#kept.delete(key);
  }

  async #telling<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw new DirectoryUnavailable(this.name, error);
    }
  }

  async *#tellingBatches<T>(ask: () => Batches<T>): Batches<T> {
    try {
      yield* ask();
    } catch (error) {
      throw new DirectoryUnavailable(this.name, error);
    }
  }

  #ageSeconds({ at }: Kept): number {
    return (this.#clock.monotonic() - at) / 1000;
  }

  #lifeSeconds({ value }: Kept): number {
    return value === undefined ? this.#times.absentSeconds : this.#times.recordSeconds;
  }
}

const keyOfKnown = (id: PrincipalId): string => `known ${id.toLowerCase()}`;

/** Not a set of ids or a list. */
function isPrincipal(value: unknown): value is Principal {
  return typeof value === 'object' && value !== null && 'id' in value;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
