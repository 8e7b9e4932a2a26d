/**
 * What may be wrong with a keytab and can be known before the first ticket comes. The file is looked at here; whether the KDC would agree, `kinit` of the Kerberos
 * tools is asked, where it is installed. Not reaching a KDC is a warning and no more: tickets are accepted without it.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { reasonOf, SettingError } from '@kalends/kernel';
import { readKeytab, type KeytabEntry } from './keytab.ts';

export interface CheckedKeytab {
  /** As `HTTP/calendar.example.com@EXAMPLE.COM`. */ readonly services: ReadonlySet<string>;
  readonly realms: ReadonlySet<string>;
  readonly warnings: readonly string[];
}

const weak = new Set([1, 2, 3, 16, 23, 24]);
const patienceMilliseconds = 10_000;

/**
 * @param path of the keytab, without `FILE:`
 * @param principals what the config names; none: every `HTTP/…` of the keytab
 * @throws SettingError
 */
export function checkKeytab(path: string, principals: readonly string[]): CheckedKeytab {
  const entries = entriesOf(path);
  const wanted = principals.length === 0 ? entries.filter(({ name }) => name.startsWith('HTTP/')) : principals.flatMap((principal) => entriesFor(entries, principal, path));
  if (wanted.length === 0) {
    throw new SettingError(['keytab'], `${path} has no key of an HTTP service, only ${listOf(entries)}`, { remedy: `make one with "ktadd -k ${path} HTTP/host.name" or ktpass, the host name being the one in the clients' address` });
  }
  const services = new Set(wanted.map(nameOf));
  const weakOnly = [...services].filter((service) => wanted.filter((key) => nameOf(key) === service).every(({ encryption }) => weak.has(encryption)));
  return { services, realms: new Set(wanted.map(({ realm }) => realm)), warnings: weakOnly.map((name) => `${name} has only weak keys (RC4 or DES), which today's clients refuse; make AES keys`) };
}

function entriesOf(path: string): readonly KeytabEntry[] {
  let octets: Uint8Array;
  try {
    octets = readFileSync(path);
  } catch (error) {
    throw new SettingError(['keytab'], `cannot read ${path} (${(error as NodeJS.ErrnoException).code ?? reasonOf(error)})`, { remedy: 'name the right file, and let the account that the server runs under read it, and nobody else', cause: error });
  }
  try {
    return readKeytab(octets);
  } catch (error) {
    throw new SettingError(['keytab'], `${path}: ${reasonOf(error)}`, { remedy: 'export it again, with ktadd (MIT), ktpass (Active Directory) or samba-tool', cause: error });
  }
}

const nameOf = ({ name, realm }: KeytabEntry): string => `${name}@${realm}`;

function entriesFor(entries: readonly KeytabEntry[], principal: string, path: string): readonly KeytabEntry[] {
  const [name = '', realm] = principal.split('@');
  const found = entries.filter((entry) => entry.name === name && (realm === undefined || entry.realm === realm));
  if (found.length === 0) throw new SettingError(['principals'], `${path} has no key of ${principal}, only of ${listOf(entries)}`, { remedy: 'name one of these, or add its key to the keytab' });
  return found;
}

const listOf = (entries: readonly KeytabEntry[]): string => [...new Set(entries.map(nameOf))].join(', ') || 'nothing';

/** What the KDC says to a log-in with the keytab's own key; undefined: all is well, or nobody can tell. Never rejects. */
export function askKdc(path: string, principal: string, program = 'kinit'): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(program, ['-k', '-t', path, '-c', 'MEMORY:kalends', principal], { timeout: patienceMilliseconds, env: { ...process.env, LC_ALL: 'C' } }, (error, _stdout, stderr) => {
      resolve(error === null || ('code' in error && error.code === 'ENOENT') ? undefined : explain(stderr, principal));
    });
  });
}

const SENTENCES: readonly (readonly [RegExp, string])[] = [
  [/clock skew/i, 'the clock of this machine and the KDC\'s differ by more than Kerberos allows: let both keep time by NTP'],
  [/cannot contact any kdc|cannot find kdc/i, 'no KDC of the realm answers: see [realms] in krb5.conf, DNS and the firewall. Tickets that clients have already are accepted meanwhile'],
  [/preauthentication failed|password incorrect|keytab contains no suitable keys|no suitable keys/i, 'the KDC has a newer key of this principal than the keytab: export the keytab again'],
  [/not found in kerberos database|client .* not found/i, 'the KDC does not know this principal, or as a service that may not log in itself: tickets for it can be accepted all the same if its key is right'],
];

function explain(stderr: string, principal: string): string {
  const said = stderr.replaceAll(/\s+/g, ' ').trim();
  const known = SENTENCES.find(([pattern]) => pattern.test(said))?.[1];
  return `${principal}: ${known ?? 'the KDC could not be asked'} (kinit: ${said || 'no answer'})`;
}
