/** One entry as a search answered it: attributes by name in any case (servers spell them their own way), values as text or as octets. */
import type { Entry } from 'ldapts';

type Value = Entry[string];
const NONE: readonly string[] = [];

export class LdapEntry {
  readonly dn: string;
  readonly #entry: Entry;
  /** Lower-case name → value; made when a name is not spelled as the server spells it. */
  #folded: Map<string, Value> | undefined;

  constructor(entry: Entry) {
    this.dn = entry.dn;
    this.#entry = entry;
  }

  /** Without empty values. */
  texts(attribute: string): readonly string[] {
    const value = this.#valueOf(attribute);
    if (value === undefined || value === '') return NONE;
    if (typeof value === 'string') return [value];
    if (Array.isArray(value) && value.every((each) => typeof each === 'string' && each !== '')) return value as readonly string[];
    return [value].flat().map((each) => (typeof each === 'string' ? each : each.toString('utf8'))).filter((each) => each !== '');
  }

  text(attribute: string): string | undefined {
    const value = this.#valueOf(attribute);
    return typeof value === 'string' && value !== '' ? value : this.texts(attribute)[0];
  }

  /** Of all these attributes, in their order, each value once. */
  all(attributes: readonly string[]): readonly string[] {
    if (attributes.length === 1) return this.texts(attributes[0]!);
    return [...new Set(attributes.flatMap((attribute) => this.texts(attribute)))];
  }

  /** Of an attribute that was asked for as octets. */
  octets(attribute: string): Buffer | undefined {
    const value = [this.#valueOf(attribute) ?? []].flat()[0];
    return typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  }

  /** The library fills in an empty list under the asked name only where the server gave none under another spelling. */
  #valueOf(attribute: string): Value | undefined {
    if (Object.hasOwn(this.#entry, attribute)) return this.#entry[attribute];
    if (this.#folded === undefined) {
      this.#folded = new Map();
      for (const [name, value] of Object.entries(this.#entry)) this.#folded.set(name.toLowerCase(), value);
    }
    return this.#folded.get(attribute.toLowerCase());
  }
}
