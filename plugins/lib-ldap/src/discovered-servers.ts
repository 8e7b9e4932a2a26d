/**
 * Servers of a domain that DNS names (RFC 2782), in its order, which spreads processes over them by weight. Whoever falsifies DNS can have a good certificate for a
 * name of his own, so only names in the domain are believed.
 */
import { SettingError, reasonOf } from '@kalends/kernel';
import type { Logger } from '@kalends/kernel';
import { isUnknownName } from './names.ts';
import type { Names, ServiceRecord } from './names.ts';
import type { LdapServer } from './settings.ts';

export interface DiscoveredOptions {
  readonly domain: string;
  /** In words: `domain controllers`. */ readonly what: string;
  /** Names of SRV records, those asked first before others; all but the last may be missing. */ readonly services: readonly [...nearer: string[], all: string];
  serverOf(record: ServiceRecord): LdapServer;
  readonly names: Pick<Names, 'services'>; readonly log: Pick<Logger, 'warn'>;
  /** Certificates are held to one name that the config gives, so names of others may be believed. */ readonly anyName: boolean;
  /** From 0 to 1. */ readonly chance?: (() => number) | undefined;
}

const MOST_COMPLAINTS = 20;

export class DiscoveredServers {
  readonly #options: DiscoveredOptions;
  /** Drawn once for each: a process stays with its server as long as that answers. */
  readonly #drawn = new Map<string, number>();
  readonly #complainedOf = new Set<string>();

  constructor(options: DiscoveredOptions) {
    this.#options = options;
  }

  /** Whether DNS that answers has never heard of the domain. DNS that does not answer is no matter of the config: it is asked again. @throws SettingError */
  async check(): Promise<void> {
    const { domain, what, services } = this.#options;
    try {
      await this.servers();
    } catch (error) {
      if (!(error instanceof Error) || !isUnknownName(error.cause)) return;
      throw new SettingError(['domain'], `DNS knows no ${what} of ${domain} (${services.at(-1) ?? ''})`, { remedy: 'is it spelt right, and is the DNS asked that of the domain? else name it as dns-servers, or the servers as url', cause: error });
    }
  }

  /** Best first. @throws Error with a sentence */
  async servers(): Promise<readonly LdapServer[]> {
    const { domain, what, services, names, serverOf } = this.#options;
    const all = await names.services(services.at(-1) ?? '').catch((error: unknown) => {
      throw new Error(`DNS does not name the ${what} of ${domain}: ${reasonOf(error)}`, { cause: error });
    });
    const nearer = await Promise.all(services.slice(0, -1).map((service) => names.services(service).catch(() => [])));
    const found = [...nearer, all].flatMap((records) => this.#ordered(records)).filter(({ name }) => this.#isBelieved(name)).map(serverOf);
    if (found.length === 0) throw new Error(`DNS names no ${what} of ${domain} that are in it; if they are elsewhere, name them as url`);
    return [...new Map(found.map((server) => [server.url, server] as const)).values()];
  }

  #isBelieved(name: string): boolean {
    const { domain, what, anyName, log } = this.#options;
    if (anyName || name === domain || name.endsWith(`.${domain}`)) return true;
    if (!this.#complainedOf.has(name) && this.#complainedOf.size < MOST_COMPLAINTS) {
      this.#complainedOf.add(name);
      log.warn(`DNS names one of the ${what} outside of the domain, which is not asked: anybody who falsifies DNS could; if it is right, name it as url`, { name });
    }
    return false;
  }

  /** RFC 2782: the lowest priority first; among equals each is first as often as its weight says. A target of "." is none. */
  #ordered(records: readonly ServiceRecord[]): readonly ServiceRecord[] {
    const placed = records.filter(({ name }) => name !== '' && name !== '.').map((record) => ({ record: { ...record, name: record.name.toLowerCase() }, place: this.#place(record) }));
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
