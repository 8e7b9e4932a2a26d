/**
 * `KALENDS_…` variables as a document. Two underscores go one level down, one stands for a dash; letters are upper case:
 * `KALENDS_SERVER__PUBLIC_URL` is `server.public-url`, `KALENDS_PLUGINS__MAIN_STORE__WITH__NONCE_SECONDS` is
 * `plugins.main-store.with.nonce-seconds`, or `nonceSeconds` where the plugin spells it so (validate.ts).
 * Values are text; where the schema wants a number, a truth value or a list they are read as YAML (validate.ts).
 */
import { ConfigDocument, emptyMap, isMap } from './document.ts';
import type { Origin, Path } from './document.ts';
import type { Problem } from './problems.ts';

const PREFIX = 'KALENDS_';

export interface EnvironmentOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What lies below: its spelling of a key wins, and its top keys tell a mistyped variable from one that is none of the config's business. */
  readonly below: ConfigDocument;
  /** Variables of the house that are no config keys (`KALENDS_CONFIG`). */
  readonly reserved: readonly string[];
  /** What `./` in a value starts from. */
  readonly folder: string;
}

export function readEnvironment(options: EnvironmentOptions): { readonly document: ConfigDocument; readonly problems: readonly Problem[] } {
  const document = new ConfigDocument(emptyMap());
  const problems: Problem[] = [];
  for (const [name, value] of Object.entries(options.environment).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!name.startsWith(PREFIX) || value === undefined || options.reserved.includes(name)) continue;
    const parts = name.slice(PREFIX.length).split('__');
    if (parts.length < 2 || parts.includes('')) {
      // Other variables of the house begin like this too; a section's name after the prefix means that a key was meant.
      if (!Object.keys(options.below.value).some((section) => plain(parts.join('')).startsWith(plain(section)))) continue;
      problems.push({
        code: 'KRN_UNKNOWN_KEY', severity: 'warning', file: 'environment', path: name, message: 'names no config key and is not used',
        remedy: 'two underscores go one level down: KALENDS_SERVER__PUBLIC_URL is server.public-url',
      });
      continue;
    }
    const origin: Origin = { kind: 'environment', source: `environment ${name}`, folder: options.folder };
    document.set(spell(parts, options.below), value, origin);
  }
  return { document, problems };
}

function spell(parts: readonly string[], below: ConfigDocument): Path {
  const path: string[] = [];
  for (const part of parts) {
    const known = below.get(path);
    const same = isMap(known) ? Object.keys(known).find((key) => plain(key) === plain(part)) : undefined;
    path.push(same ?? part.toLowerCase().replaceAll('_', '-'));
  }
  return path;
}

/** What two spellings of a key have in common. */
export function plain(key: string): string {
  return key.replaceAll(/[-_]/g, '').toLowerCase();
}
