/** Servers to log in to: ours over a file of people and over LDAP, as one process and as a master with workers, with every scheme that the machine allows; and Cyrus. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { rm, writeFile } from 'node:fs/promises';
import { startCyrus } from '../peers/cyrus.ts';
import { startKalends } from '../peers/kalends.ts';
import { temporaryFolder } from '../peers/started-server.ts';
import type { Peer } from '../peers/started-server.ts';
import type { Kdc, Ldap } from '../services.ts';
import { startTickets } from './tickets.ts';
import type { Tickets } from './tickets.ts';

export const ROLES = ['single', 'combined'] as const;
export type Role = (typeof ROLES)[number];
export type Scheme = 'basic' | 'basic-first' | 'digest' | 'negotiate' | 'app-basic' | 'app-digest';

export interface Deployment extends AsyncDisposable {
  readonly name: string; readonly peer: Peer; readonly schemes: readonly Scheme[];
  readonly appPassword?: string; readonly tickets?: Tickets;
}

const CALADMIN = fileURLToPath(new URL('../../../caladmin/bin/caladmin.js', import.meta.url));
const ACCOUNT = { user: 'bench', password: 'bench' };
const REALM = 'Kalends';
/** Of the password above, with the costs that caladmin gives it: 19 MiB, two passes. */
const ARGON2ID = '$argon2id$v=19$m=19456,t=2,p=1$UvJ0EYtbdtRnTZ+jk6NtGA$H5JHP2di56f0P+hYakPOsjD5Y+EXudcFiCVrtdDDP0k';

/** `kdc`: undefined leaves Kerberos out. */
export async function startOverFile(role: Role, kdc: Kdc | undefined): Promise<Deployment> {
  await using stack = new AsyncDisposableStack();
  const folder = await folderOf(stack);
  const [people, config] = [join(folder, 'people.yaml'), join(folder, 'caldavd.yaml')];
  const ha1 = (algorithm: string): string => createHash(algorithm).update(`${ACCOUNT.user}:${REALM}:${ACCOUNT.password}`).digest('hex');
  const digest = `[{ account: ${ACCOUNT.user}, realm: ${REALM}, md5: ${ha1('md5')}, sha-256: ${ha1('sha256')} }]`;
  await writeFile(people, `users:\n  - { id: 90000000-0000-4000-8000-000000000001, name: ${ACCOUNT.user}, credentials: { argon2id: "${ARGON2ID}", digest: ${digest} } }\n`, { mode: 0o600 });
  const kerberos = kdc === undefined ? '' : `  kerberos: { use: auth-kerberos, with: { keytab: ${kdc.keytab('HTTP/localhost')} } }\n`;
  await writeFile(config, `${top(role)}  people: { use: directory-file, with: { file: ${people} } }\n${kerberos}  digest: { use: auth-digest }\n  basic: { use: auth-basic }\n  any: { use: auth-any }\n  app-passwords: { use: app-passwords }\n`);
  const peer = stack.use(await startKalends({ config, account: ACCOUNT, ...(kdc === undefined ? {} : { env: kdc.environment }) }));
  const tickets = kdc === undefined ? undefined : stack.use(startTickets(kdc.logIn(ACCOUNT.user, ACCOUNT.password)));
  const schemes: readonly Scheme[] = ['basic', 'basic-first', 'digest', ...(kdc === undefined ? [] : ['negotiate' as const]), 'app-basic', 'app-digest'];
  return kept(stack, { name: `file, ${role}`, peer, schemes, appPassword: await newAppPassword(config, peer.data), ...(tickets === undefined ? {} : { tickets }) });
}

/** A directory proves passwords by a bind, so no Digest. */
export async function startOverLdap(role: Role, ldap: Ldap): Promise<Deployment> {
  await using stack = new AsyncDisposableStack();
  const config = join(await folderOf(stack), 'caldavd.yaml');
  const people = `{ url: ${ldap.url}, base: "${ldap.base}", bind-dn: "${ldap.bindDn}", bind-password: { env: LDAP_BIND_PW }, ca: ${ldap.ca} }`;
  await writeFile(config, `${top(role)}  people: { use: directory-open-directory, with: ${people} }\n  basic: { use: auth-basic }\n`);
  const peer = stack.use(await startKalends({ config, account: { user: 'bulk000001', password: 'bulk000001pw' }, env: ldap.env }));
  return kept(stack, { name: `LDAP, ${role}`, peer, schemes: ['basic', 'basic-first'] });
}

export async function startCyrusToLogIn(): Promise<Deployment> {
  await using stack = new AsyncDisposableStack();
  return kept(stack, { name: 'Cyrus', peer: stack.use(await startCyrus()), schemes: ['basic', 'digest'] });
}

async function folderOf(stack: AsyncDisposableStack): Promise<string> {
  const folder = await temporaryFolder('log-ins');
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Whose parts are the caller's from now on. */
function kept(stack: AsyncDisposableStack, parts: Omit<Deployment, typeof Symbol.asyncDispose>): Deployment {
  const all = stack.move();
  return { ...parts, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

function top(role: Role): string {
  return `process: { role: ${role}${role === 'single' ? '' : ', workers: 2'} }\nplugins:\n  storage: { use: storage-flat-file }\n`;
}

async function newAppPassword(config: string, data: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [CALADMIN, '-f', config, '--data', data, '--json', 'app-passwords', 'add', 'bench', '--user', ACCOUNT.user]);
  return (JSON.parse(stdout) as { readonly password: string }).password;
}
