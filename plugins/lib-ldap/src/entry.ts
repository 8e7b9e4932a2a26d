/** One entry as a search answered it: attributes by name in any case (servers spell them their own way), values as text or as octets. */
import type { Entry } from 'ldapts';

export class LdapEntry {
  readonly dn: string;
  readonly #values = new Map<string, readonly (string | Buffer)[]>();

  constructor(entry: Entry) {
    this.dn = entry.dn;
    for (const [name, value] of Object.entries(entry)) if (name !== 'dn') this.#values.set(name.toLowerCase(), [value].flat());
  }

  /** Without empty values. */
  texts(attribute: string): readonly string[] {
    const values = this.#values.get(attribute.toLowerCase()) ?? [];
    return values.map((value) => (typeof value === 'string' ? value : value.toString('utf8'))).filter((value) => value !== '');
  }

  text(attribute: string): string | undefined {
    return this.texts(attribute)[0];
  }

  /** Of all these attributes, in their order, each value once. */
  all(attributes: readonly string[]): readonly string[] {
    return [...new Set(attributes.flatMap((attribute) => this.texts(attribute)))];
  }

  /** Of an attribute that was asked for as octets. */
  octets(attribute: string): Buffer | undefined {
    const value = this.#values.get(attribute.toLowerCase())?.[0];
    return typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  }
}
