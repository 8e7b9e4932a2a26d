/**
 * Every source as one, in config order: the first that knows somebody wins (and a later one that knows somebody else by the same name is reported), groups of all count together, and each record comes with
 * its augment and with all the addresses it answers to. An id belongs to the first source that knows it: a record of another with that id, in any case, is nobody, and a group with it holds nobody; else
 * whoever may write into one directory would be whom he likes of the others. A source that is down and never said anything about a question makes it unanswerable, unless one before it answered.
 */
import type { Batches, Directory, DirectoryQuery, DirectorySource, Principal, PrincipalId } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import { allAddresses, meaningOf } from './addresses.ts';
import type { AugmentStore } from './augment.ts';
import type { CachedSource } from './cached.ts';
import { Hosting } from './hosting.ts';

/** Ids that a URL segment can hold as they are, and that mean nothing else in an access list. */
const FIT_ID = /^[A-Za-z0-9._~-]+$/;
/** Who makes up more names than this has no news to tell. */
const MOST_COMPARED = 10_000;
const RESERVED: ReadonlySet<string> = new Set(['all', 'authenticated', 'unauthenticated', 'self', 'administrators', '.', '..']);

export interface ComposedOptions {
  readonly sources: readonly CachedSource[]; readonly augments: AugmentStore; readonly log: Logger;
  /** Of the public URL, whose port may be known only after the start. */ readonly host: () => string;
  /** How old "may log in" may be. */ readonly accountSeconds: number;
}

export class ComposedDirectory implements Directory {
  readonly name = 'directory';
  readonly #options: ComposedOptions;
  readonly #hosting: Hosting;
  /** What a source gave → the same with all its addresses. */ readonly #completed = new WeakMap<Principal, Principal>();
  readonly #complainedOf = new Set<string>();
  /** Questions that were put to the later sources too. */ readonly #compared = new Set<string>();
  /** What the stamp is made of. */ readonly #stamped: readonly { readonly freshStamp: string | undefined; stamp(): Promise<string> }[];
  #stamp: { readonly parts: readonly string[]; readonly text: string } = { parts: [], text: '' };

  constructor(options: ComposedOptions) {
    this.#options = options;
    this.#hosting = new Hosting(options.host, options.log);
    this.#stamped = [...options.sources, options.augments];
  }

  findById(id: PrincipalId, maxAgeSeconds?: number): Promise<Principal | undefined> {
    return this.#first((source) => source.findById(id, maxAgeSeconds));
  }
  findByAccount(account: string, maxAgeSeconds?: number): Promise<Principal | undefined> {
    return this.#first((source) => source.findByAccount(account, maxAgeSeconds), `the account ${account}`);
  }
  findByName(kind: Principal['kind'], name: string): Promise<Principal | undefined> {
    return this.#first((source) => source.findByName(kind, name), `the name ${kind}/${name}`);
  }

  async findByAddress(calendarUserAddress: string): Promise<Principal | undefined> {
    const meaning = meaningOf(calendarUserAddress, this.#options.host());
    switch (meaning.is) {
      case 'id': return this.findById(meaning.id);
      case 'name': return this.findByName(meaning.kind, meaning.name);
      case 'address': {
        const found = await this.#first((source) => source.findByAddress(meaning.address), `the address ${meaning.address}`);
        // A source cannot know our host's name: a URL of another counts only where the record states it.
        return meaning.address.startsWith('http') && found?.addresses.includes(meaning.address) === false ? undefined : found;
      }
    }
  }

  /** A group of one source may hold groups of another, so each group found is asked about in all of them. */
  async groupsOf(id: PrincipalId): Promise<ReadonlySet<PrincipalId>> {
    const [only, ...others] = this.#options.sources;
    // One source says all there is, nested ones included.
    if (only !== undefined && others.length === 0) return fit(id, await only.groupsOf(id));
    const groups = new Set<PrincipalId>();
    let found: readonly PrincipalId[] = [id];
    while (found.length > 0) {
      const above = await Promise.all(this.#options.sources.map(async (source, at) => this.#own(at, (await Promise.all(found.map((member) => source.groupsOf(member)))).flatMap((some) => [...some]))));
      found = [...fit(id, new Set(above.flat()))].filter((group) => !groups.has(group));
      for (const group of found) groups.add(group);
    }
    return groups;
  }

  /** As the group's own source says; its members may be another's. */
  async *membersOf(id: PrincipalId): Batches<PrincipalId> {
    const { sources } = this.#options;
    for (const [at, source] of sources.entries()) {
      if (at < sources.length - 1 && !(await source.known([id])).has(id)) continue;
      yield* source.membersOf(id);
      return;
    }
  }

  async *search(query: DirectoryQuery): Batches<Principal> {
    const seen = new Set<PrincipalId>();
    for (const [at, source] of this.#options.sources.entries()) {
      if (seen.size >= query.limit) return;
      for await (const batch of source.search(query)) {
        const fresh = (await this.#ownPeople(at, batch.filter(({ id }) => !seen.has(id)))).slice(0, query.limit - seen.size);
        for (const { id } of fresh) seen.add(id);
        const finished = await this.#finishAll(source, fresh);
        if (finished.length > 0) yield finished;
      }
    }
  }

  async list(kind: Principal['kind'], after: string | undefined, limit: number): Promise<readonly Principal[]> {
    const lists = await Promise.all(this.#options.sources.map((source, at) => this.#listOf(source, at, kind, after, limit)));
    const byName = new Map<string, Principal>();
    const ids = new Set<PrincipalId>();
    for (const principal of lists.flat()) {
      const name = principal.names[0] ?? '';
      if (byName.has(name) || ids.has(principal.id)) continue;
      byName.set(name, principal);
      ids.add(principal.id);
    }
    return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, limit).map(([, principal]) => principal);
  }

  /** Asked several times a request, so one text is given as long as it is the same. */
  async stamp(): Promise<string> {
    const { parts, text } = this.#stamp;
    if (this.#stamped.every(({ freshStamp }, at) => freshStamp !== undefined && freshStamp === parts[at])) return text;
    const stamps = await Promise.all(this.#stamped.map((part) => part.stamp()));
    this.#stamp = { parts: stamps, text: stamps.join('/') };
    return this.#stamp.text;
  }

  async mayLogIn(id: PrincipalId): Promise<boolean> {
    const principal = await this.#first((source) => source.findById(id, this.#options.accountSeconds));
    return principal !== undefined && principal.enabled && !principal.locked;
  }

  async isOf(id: PrincipalId, source: DirectorySource): Promise<boolean> {
    const at = this.#options.sources.findIndex((each) => each.keeps(source));
    const cached = this.#options.sources[at];
    if (cached === undefined || this.#options.sources.length === 1) return cached !== undefined;
    return await cached.findById(id) !== undefined && (await this.#own(at, [id])).length === 1;
  }

  /** `what`: named in a complaint, where several sources might mean different people by one thing. */
  async #first(ask: (source: CachedSource) => Promise<Principal | undefined>, what?: string): Promise<Principal | undefined> {
    const { sources } = this.#options;
    for (const [at, source] of sources.entries()) {
      const found = await ask(source);
      if (found === undefined || (at > 0 && (await this.#ownPeople(at, [found])).length === 0)) continue;
      if (what !== undefined && at < sources.length - 1 && !this.#compared.has(what)) this.#compare(ask, what, found, at);
      return this.#finish(source, found);
    }
    return undefined;
  }

  /** As many as wanted, though some of them are left out: a short page is the last one. */
  async #listOf(source: CachedSource, at: number, kind: Principal['kind'], after: string | undefined, limit: number): Promise<readonly Principal[]> {
    const found: Principal[] = [];
    for (let from = after; ;) {
      const page = await source.list(kind, from, limit);
      found.push(...await this.#finishAll(source, await this.#ownPeople(at, page)));
      from = page.at(-1)?.names[0];
      if (page.length < limit || found.length >= limit || from === undefined) return found.slice(0, limit);
    }
  }

  /** Without the ids that a source before this one knows. */
  async #own(at: number, ids: readonly PrincipalId[]): Promise<readonly PrincipalId[]> {
    if (at === 0 || ids.length === 0) return ids;
    const taken = await Promise.all(this.#options.sources.slice(0, at).map((source) => source.known(ids)));
    for (const id of new Set(taken.flatMap((some) => [...some]))) {
      this.#complain(id, 'a directory record is left out: its id is somebody\'s of a directory before it', { id, source: this.#options.sources[at]?.name });
    }
    return ids.filter((id) => !taken.some((some) => some.has(id)));
  }

  async #ownPeople(at: number, people: readonly Principal[]): Promise<readonly Principal[]> {
    if (at === 0) return people;
    const own = new Set(await this.#own(at, people.map(({ id }) => id)));
    return people.filter(({ id }) => own.has(id));
  }

  #complain(id: PrincipalId, message: string, fields: Readonly<Record<string, unknown>>): void {
    if (this.#complainedOf.size >= 100 || this.#complainedOf.has(id)) return;
    this.#complainedOf.add(id);
    this.#options.log.error(message, fields);
  }

  /** Once for each question, beside the request: the answer stands already. */
  #compare(ask: (source: CachedSource) => Promise<Principal | undefined>, what: string, found: Principal, at: number): void {
    if (this.#compared.size >= MOST_COMPARED) return;
    this.#compared.add(what);
    const { sources, log } = this.#options;
    for (const source of sources.slice(at + 1)) {
      void ask(source).then((other) => {
        if (other === undefined || other.id === found.id) return;
        log.warn('two directories know different people by one name; the first of the config wins', { what, first: sources[at]?.name, id: found.id, other: source.name, otherId: other.id });
      }, () => undefined);
    }
  }

  async #finishAll(source: CachedSource, principals: readonly Principal[]): Promise<readonly Principal[]> {
    return (await Promise.all(principals.map((principal) => this.#finish(source, principal)))).filter((principal) => principal !== undefined);
  }

  async #finish({ guests }: CachedSource, principal: Principal): Promise<Principal | undefined> {
    const known = this.#completed.get(principal);
    if (known !== undefined) return this.#hosting.place(await this.#options.augments.applyTo(known));
    if (!isFitId(principal.id)) {
      this.#complain(principal.id, 'a directory record is left out: its id cannot stand in a URL, or means something else in an access list', { id: principal.id });
      return undefined;
    }
    const completed: Principal = { ...principal, addresses: allAddresses(principal), ...(guests ? { guest: true } : {}) };
    this.#completed.set(principal, completed);
    return this.#hosting.place(await this.#options.augments.applyTo(completed));
  }
}

/** A group that holds itself, by whatever detour, does not count as one above it; nor does one whose id no record may have. */
function fit(id: PrincipalId, groups: ReadonlySet<PrincipalId>): ReadonlySet<PrincipalId> {
  const fits = (group: PrincipalId): boolean => group !== id && isFitId(group);
  return [...groups].every(fits) ? groups : new Set([...groups].filter(fits));
}

function isFitId(id: PrincipalId): boolean {
  return FIT_ID.test(id) && !RESERVED.has(id);
}
