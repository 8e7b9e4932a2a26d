/**
 * A domain's controllers by DNS: those of the site first, then any, in the order of RFC 2782, which spreads processes over them by weight. Whoever falsifies DNS can have
 * a good certificate for a name of his own, so only names in the domain are believed.
 */
import { SettingError, reasonOf } from '@kalends/kernel';
import type { Logger } from '@kalends/kernel';
import type { LdapServer, Names, ServiceRecord } from '@kalends/lib-ldap';
import { isUnknownName, readServer } from '@kalends/lib-ldap';

export interface ControllersOptions {
  readonly domain: string; readonly site: string | undefined; readonly names: Pick<Names, 'services'>; readonly log: Pick<Logger, 'warn'>;
  /** Certificates are held to one name that the config gives, so names of others may be believed. */ readonly anyName: boolean;
  /** From 0 to 1. */ readonly chance?: () => number;
}

const MOST_COMPLAINTS = 20;

export class Controllers {
  readonly #options: ControllersOptions;
  /** Drawn once for each: a process stays with its controller as long as that answers. */
  readonly #drawn = new Map<string, number>();
  readonly #complainedOf = new Set<string>();

  constructor(options: ControllersOptions) {
    this.#options = options;
  }

  /** Whether DNS that answers has never heard of the domain. DNS that does not answer is no matter of the config: it is asked again. @throws SettingError */
  async check(): Promise<void> {
    const { domain } = this.#options;
    try {
      await this.servers();
    } catch (error) {
      if (!(error instanceof Error) || !isUnknownName(error.cause)) return;
      throw new SettingError(['domain'], `DNS knows no domain controllers of ${domain} (_ldap._tcp.dc._msdcs.${domain})`, { remedy: 'is it spelt right, and is the DNS asked that of the domain? else name it as dns-servers, or the controllers as url', cause: error });
    }
  }

  /** Best first; always by TLS, whose port the record does not tell. @throws Error with a sentence */
  async servers(): Promise<readonly LdapServer[]> {
    const { domain, site, names } = this.#options;
    // MS-ADTS §6.3.2.3
    const all = await names.services(`_ldap._tcp.dc._msdcs.${domain}`).catch((error: unknown) => {
      throw new Error(`DNS does not name the domain controllers of ${domain}: ${reasonOf(error)}`, { cause: error });
    });
    // A site without any, or of a name that there is not, has those of the domain.
    const near = site === undefined ? [] : await names.services(`_ldap._tcp.${site}._sites.dc._msdcs.${domain}`).catch(() => []);
    const hosts = [...this.#ordered(near), ...this.#ordered(all)].map(({ name }) => name.toLowerCase()).filter((name) => this.#isBelieved(name));
    if (hosts.length === 0) throw new Error(`DNS names no domain controllers of ${domain} that are in it; if they are elsewhere, name them as url`);
    return [...new Set(hosts)].map((name) => readServer(`ldaps://${name}:636`, false));
  }

  #isBelieved(name: string): boolean {
    const { domain, anyName, log } = this.#options;
    if (anyName || name.endsWith(`.${domain}`)) return true;
    if (!this.#complainedOf.has(name) && this.#complainedOf.size < MOST_COMPLAINTS) {
      this.#complainedOf.add(name);
      log.warn('DNS names a domain controller outside of the domain, which is not asked: anybody who falsifies DNS could; if it is right, name it as url', { name });
    }
    return false;
  }

  /** RFC 2782: the lowest priority first; among equals each is first as often as its weight says. */
  #ordered(records: readonly ServiceRecord[]): readonly ServiceRecord[] {
    const placed = records.filter(({ name }) => name !== '' && name !== '.').map((record) => ({ record, place: this.#place(record) }));
    return placed.sort((a, b) => a.record.priority - b.record.priority || a.place - b.place).map(({ record }) => record);
  }

  /** The smallest of exponential draws is that of a record as often as its weight is of all weights. */
  #place({ name, weight }: ServiceRecord): number {
    const { chance = Math.random } = this.#options;
    const drawn = this.#drawn.get(name) ?? chance();
    this.#drawn.set(name, drawn);
    return -Math.log(1 - drawn) / Math.max(weight, 0.001);
  }
}
