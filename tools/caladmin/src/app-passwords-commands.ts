/**
 * `app-passwords`: passwords for one device or program (R46), made, listed and revoked. A running server knows with its next request. The password is shown once,
 * and nowhere again.
 */
import { AppPasswords } from '@kalends/app-passwords';
import type { AppPassword } from '@kalends/app-passwords';
import type { CollectionId, Principal } from '@kalends/contracts';
import { readConfig } from '@kalends/server';
import { OK, USAGE } from './exit-codes.ts';
import { calendarsOf, findOwner, homeOf, named, NotFound } from './find-calendar.ts';
import type { OpenDeployment } from './open-deployment.ts';
import { table } from './output.ts';
import type { Output } from './output.ts';

export interface NewPassword { readonly user: string; readonly name: string; readonly readOnly: boolean; readonly calendar: readonly string[]; readonly days?: string }
type Deployment = Pick<OpenDeployment, 'store' | 'directory' | 'records' | 'clock'>;

const DAY_SECONDS = 86_400;
const DAYS = /^[1-9]\d{0,4}$/;

/** @throws NotFound where the config offers nobody such a password */
function passwordsOf(file: string, { records, clock }: Deployment): AppPasswords {
  const instance = readConfig({ file }).instances.find(({ name, use, enabled }) => enabled !== false && (use ?? name) === 'app-passwords');
  if (instance === undefined) throw new NotFound(`${file} uses no app passwords; add "app-passwords: { use: app-passwords }" to its plugins`);
  const realm = (instance.with as { readonly realm?: string } | undefined)?.realm ?? 'Kalends';
  return new AppPasswords(records, clock, realm);
}

export async function addAppPassword(file: string, deployment: Deployment, { user, name, readOnly, calendar, days }: NewPassword, output: Output): Promise<number> {
  if (days !== undefined && !DAYS.test(days)) {
    output.complain(`--days takes a number of days, not ${days}`);
    return USAGE;
  }
  const passwords = passwordsOf(file, deployment);
  const owner = await findOwner(deployment.directory, user);
  if (owner.accounts.length === 0) throw new NotFound(`${owner.displayName} has no account to log in with`);
  const collections = calendar.length === 0 ? undefined : await collectionsOf(deployment, owner, calendar);
  const expires = days === undefined ? undefined : Math.floor(deployment.clock.now() / 1000) + Number(days) * DAY_SECONDS;
  let password: string;
  try {
    password = await passwords.create(owner, { name, readOnly, collections, expires });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    output.complain(error.message);
    return USAGE;
  }
  output.value({ account: owner.accounts[0], name, password });
  output.line(`account   ${owner.accounts[0] ?? ''}`);
  output.line(`password  ${password}`);
  output.line('It is not shown again.');
  return OK;
}

export async function listAppPasswords(file: string, deployment: Deployment, { user }: { readonly user: string }, output: Output): Promise<number> {
  const owner = await findOwner(deployment.directory, user);
  const found = await passwordsOf(file, deployment).list(owner.id);
  output.value(found);
  const now = Math.floor(deployment.clock.now() / 1000);
  for (const line of table(found.map((password) => [password.name, opens(password), expiry(password, now), password.lastUse === undefined ? 'never used' : `last used ${dateOf(password.lastUse)}`]))) output.line(line);
  return OK;
}

export async function revokeAppPassword(file: string, deployment: Deployment, { user, name }: { readonly user: string; readonly name: string }, output: Output): Promise<number> {
  const owner = await findOwner(deployment.directory, user);
  if (!await passwordsOf(file, deployment).revoke(owner.id, name)) throw new NotFound(`${owner.displayName} has no password called ${name}`);
  output.value({ revoked: name });
  output.line(`${name} opens nothing any more`);
  return OK;
}

async function collectionsOf({ store, directory }: Deployment, owner: Principal, calendars: readonly string[]): Promise<readonly CollectionId[]> {
  const there = await calendarsOf(store, await homeOf(store, directory, owner));
  return calendars.map((name) => {
    const found = named(there, name);
    if (found === undefined) throw new NotFound(`${owner.displayName} has no calendar ${name}; there are ${there.map(({ segment }) => segment).join(', ')}`);
    return found.id;
  });
}

function opens({ readOnly, collections }: AppPassword): string {
  const what = collections === undefined ? 'everything' : `${String(collections.length)} ${collections.length === 1 ? 'calendar' : 'calendars'}`;
  return readOnly ? `${what}, read only` : what;
}
const expiry = ({ expires }: AppPassword, now: number): string => (expires === undefined ? 'does not expire' : `${expires <= now ? 'expired' : 'expires'} ${dateOf(expires)}`);
const dateOf = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10);
