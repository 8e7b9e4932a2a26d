/**
 * Questions about several kinds at once. Where object classes alone make the kinds and their bases lie in one database, one question asks for all, and what comes
 * back is told apart by where it lies and by its classes: a directory spends most of a small answer on the question. Whatever leaves a doubt is asked anew, a
 * question for each kind.
 */
import type { Clock } from '@kalends/contracts';
import { commonBase, isBelow, isPlainlyBelow } from './dn.ts';
import type { Question } from './connection.ts';
import type { LdapEntry } from './entry.ts';
import { LdapRefused } from './errors.ts';
import { alternativesOf, classTest, every, filterKey, present, some } from './filters.ts';
import type { Filter } from './filters.ts';
import type { LdapPool } from './pool.ts';
import { attributesOf, octetsOf } from './record-schema.ts';
import type { RecordSchema } from './record-schema.ts';

/** What is looked for among one kind. */
export interface Wanted { readonly schema: RecordSchema; readonly filter: Filter }
/** An entry and the kind that it was found as. */
export interface Hit { readonly schema: RecordSchema; readonly entry: LdapEntry }
export interface KindSearchOptions { readonly pool: Pick<LdapPool, 'search' | 'list'>; readonly schemas: readonly RecordSchema[]; readonly clock: Clock; /** How often it is asked how the directory is divided. */ readonly refreshSeconds: number }

interface Joint { readonly schema: RecordSchema; /** By the classes of an entry, in lower case. */ readonly holds: (classes: ReadonlySet<string>) => boolean; /** Of the kind's filter. */ readonly key: string }
interface Attributes { readonly attributes: readonly string[]; readonly octets: readonly string[] }

const MOST_IN_A_PAGE = 500;
/** So many that are of no kind, beyond those that are, and one question is the dearer way. */
const MOST_STRANGERS = 50;
const CLASSES = 'objectClass';

class Doubtful extends Error {}

export class KindSearch {
  readonly #pool: KindSearchOptions['pool'];
  readonly #clock: Clock;
  readonly #refreshMilliseconds: number;
  readonly #joint: ReadonlyMap<RecordSchema, Joint>;
  /** Below it lie all that can be asked for together. */ readonly #base: string | undefined;
  readonly #bases: readonly string[];
  /** No base lies in another. */ readonly #apart: boolean;
  readonly #attributes = new Map<string, Attributes>();
  /** Of the last entry. */ #classes: { readonly listed: readonly string[]; readonly folded: ReadonlySet<string> } = { listed: [], folded: new Set() };
  #division: { readonly at: number; readonly isOne: Promise<boolean> } | undefined;

  constructor({ pool, schemas, clock, refreshSeconds }: KindSearchOptions) {
    this.#pool = pool;
    this.#clock = clock;
    this.#refreshMilliseconds = refreshSeconds * 1000;
    this.#joint = new Map(schemas.flatMap((schema) => {
      const holds = classTest(schema.filter);
      return holds === undefined ? [] : [[schema, { schema, holds, key: schema.filter.toString() }] as const];
    }));
    this.#bases = [...new Set([...this.#joint.keys()].map(({ base }) => base))];
    this.#base = this.#joint.size < 2 ? undefined : commonBase(this.#bases);
    this.#apart = this.#bases.every((one) => this.#bases.every((other) => one === other || !isBelow(one, other)));
  }

  /** At most `most` of each kind. @throws LdapUnreachable | LdapRefused */
  few(wanted: readonly Wanted[], most: number): Promise<readonly Hit[]> {
    return this.#ask(wanted, async (one) => {
      const entries = await this.#pool.search(one.question, most * one.kinds.length);
      // One kind may have crowded out another.
      if (entries.length >= most * one.kinds.length) throw new Doubtful();
      return entries.flatMap((entry) => this.#told(entry, one.kinds));
    }, async ({ schema, filter }) => (await this.#pool.search(questionOf(schema, filter), most)).map((entry) => ({ schema, entry })));
  }

  /** In pages; `limit` at least, where there are so many. `read`: undefined is left out. @throws LdapUnreachable | LdapRefused */
  many<T>(wanted: readonly Wanted[], limit: number, read: (hit: Hit) => T | undefined): Promise<readonly T[]> {
    // One more than wanted: some servers turn a full page into a second round.
    const pageSize = Math.min(limit + 1, MOST_IN_A_PAGE);
    return this.#ask(wanted, async (one) => {
      const found = new Map<RecordSchema, T[]>(one.kinds.map(({ schema }) => [schema, []]));
      let [count, strangers] = [0, 0];
      await this.#pool.list(one.question, (page) => {
        for (const entry of page) {
          const [hit] = this.#told(entry, one.kinds);
          const value = hit === undefined ? undefined : read(hit);
          if (hit === undefined) strangers++;
          if (hit === undefined || value === undefined) continue;
          found.get(hit.schema)?.push(value);
          count++;
        }
        if (strangers > count + MOST_STRANGERS) throw new Doubtful();
        return count < limit;
      }, pageSize);
      return [...found.values()].flat();
    }, async ({ schema, filter }) => {
      const found: T[] = [];
      await this.#pool.list(questionOf(schema, filter), (page) => {
        for (const entry of page) {
          const value = read({ schema, entry });
          if (value !== undefined) found.push(value);
        }
        return found.length < limit;
      }, pageSize);
      return found;
    });
  }

  /** In the order of `wanted`. */
  async #ask<T>(
    wanted: readonly Wanted[], together: (one: { readonly question: Question; readonly kinds: readonly Joint[] }) => Promise<readonly T[]>, alone: (each: Wanted) => Promise<readonly T[]>,
  ): Promise<readonly T[]> {
    const apart = async (some: readonly Wanted[]): Promise<readonly T[]> => (await Promise.all(some.map(alone))).flat();
    const kinds = wanted.map(({ schema }) => this.#joint.get(schema)).filter((kind) => kind !== undefined);
    if (kinds.length < 2 || kinds.length < wanted.length || this.#base === undefined || !(await this.#isOneDatabase(this.#base))) return apart(wanted);
    try {
      return await together({ question: { base: this.#base, filter: jointFilter(wanted, kinds), ...this.#attributesOf(kinds), isWhole: true }, kinds });
    } catch (error) {
      if (!(error instanceof Doubtful) && !(error instanceof LdapRefused)) throw error;
      this.#division = { at: this.#clock.monotonic(), isOne: Promise.resolve(false) };
      return apart(wanted);
    }
  }

  /** Nothing: it lies where none of these are looked for. */
  #told(entry: LdapEntry, kinds: readonly Joint[]): readonly Hit[] {
    const plain = this.#apart ? this.#bases.find((base) => isPlainlyBelow(entry.dn, base)) : undefined;
    const here = kinds.filter(({ schema: { base } }) => (plain === undefined ? isBelow(entry.dn, base) : base === plain));
    if (here.length === 0) return [];
    const listed = entry.texts(CLASSES);
    // Most entries of an answer are of the same classes.
    const classes = this.#classes.listed.join() === listed.join() ? this.#classes.folded : new Set(listed.map((name) => name.toLowerCase()));
    this.#classes = { listed, folded: classes };
    const [kind, ...others] = here.filter(({ holds }) => holds(classes));
    // A class may count for one above it that the entry does not list; or it is of two kinds, and was found as one of them.
    if (kind === undefined || others.length > 0) throw new Doubtful();
    return [{ schema: kind.schema, entry }];
  }

  /** RFC 4512 §5.1, namingContexts: a search of one context need not go into another that lies below it. */
  async #isOneDatabase(base: string): Promise<boolean> {
    if (this.#bases.length === 1) return this.#division === undefined || this.#isOld(this.#division.at);
    if (this.#division === undefined || this.#isOld(this.#division.at)) {
      const isOne = this.#askDivision(base);
      const division = { at: this.#clock.monotonic(), isOne };
      this.#division = division;
      isOne.catch(() => { if (this.#division === division) this.#division = undefined; });
    }
    return this.#division.isOne;
  }

  #isOld(at: number): boolean {
    return this.#clock.monotonic() - at > this.#refreshMilliseconds;
  }

  async #askDivision(base: string): Promise<boolean> {
    try {
      const [root] = await this.#pool.search({ base: '', scope: 'base', filter: present(CLASSES), attributes: ['namingContexts'] }, 1);
      const contexts = root?.texts('namingContexts') ?? [];
      return contexts.some((context) => isBelow(base, context)) && !contexts.some((context) => !isBelow(base, context) && isBelow(context, base) && this.#bases.some((each) => isBelow(each, context)));
    } catch (error) {
      if (error instanceof LdapRefused) return false;
      throw error;
    }
  }

  #attributesOf(kinds: readonly Joint[]): Attributes {
    const key = kinds.map(({ schema }) => schema.kind).join();
    let known = this.#attributes.get(key);
    if (known === undefined) {
      const schemas = kinds.map(({ schema }) => schema);
      known = { attributes: [...new Set([...schemas.flatMap(attributesOf), CLASSES])], octets: [...new Set(schemas.flatMap(octetsOf))] };
      this.#attributes.set(key, known);
    }
    return known;
  }
}

export function questionOf(schema: RecordSchema, filter: Filter): Question {
  return { base: schema.base, filter: every(schema.filter, filter), attributes: attributesOf(schema), octets: octetsOf(schema) };
}

/** Each alternative once, with the kinds that it is for: an index is looked up once. */
function jointFilter(wanted: readonly Wanted[], kinds: readonly Joint[]): Filter {
  const terms = new Map<string, { readonly term: Filter; readonly kinds: Map<string, Filter> }>();
  for (const [at, { schema, filter }] of wanted.entries()) {
    for (const term of alternativesOf(filter)) {
      const text = filterKey(term);
      const known = terms.get(text) ?? { term, kinds: new Map<string, Filter>() };
      known.kinds.set(kinds[at]!.key, schema.filter);
      terms.set(text, known);
    }
  }
  return some([...terms.values()].map(({ term, kinds }) => every(term, some([...kinds.values()])!)))!;
}
