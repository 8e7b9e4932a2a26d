/**
 * `augments`: what this server knows of people, groups and rooms that their directory cannot hold, or that its admins must not write there: enabled for calendars,
 * hosting server, how a room answers, whom it always accepts, quota. A running server knows of a change within seconds.
 */
import type { Directory, Principal, PrincipalId } from '@kalends/contracts';
import { augment, augmentOperations, readAugment, serverOrigin } from '@kalends/directory';
import type { Augment, AugmentKey } from '@kalends/directory';
import { OK, USAGE } from './exit-codes.ts';
import { NotFound, findOwner } from './find-calendar.ts';
import type { OpenDeployment } from './open-deployment.ts';
import { table } from './output.ts';
import type { Output } from './output.ts';

export interface AugmentOptions {
  readonly user?: string; readonly all?: string;
  readonly enabled?: string; readonly locked?: string; readonly server?: string; readonly mode?: string; readonly acceptGroup?: string; readonly capacity?: string; readonly quota?: string;
}
type Deployment = Pick<OpenDeployment, 'directory' | 'records'>;

const KINDS: Readonly<Record<string, Principal['kind']>> = { users: 'user', groups: 'group', locations: 'location', resources: 'resource' };
const UNITS: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

export async function listAugments({ directory, records }: Deployment, output: Output): Promise<number> {
  const rows: { readonly for: string; readonly augment: Augment }[] = [];
  for await (const batch of records.list('augment', '')) {
    for (const record of batch) rows.push({ for: await nameOf(directory, record.key), augment: readAugment(record) ?? {} });
  }
  output.value(rows);
  for (const line of table(rows.map((row) => [row.for, JSON.stringify(row.augment)]))) output.line(line);
  return OK;
}

/** What is not named stays as it was set before. */
export async function setAugment(deployment: Deployment, options: AugmentOptions, output: Output): Promise<number> {
  const change = await changeOf(deployment.directory, options);
  if (typeof change === 'string') {
    output.complain(change);
    return USAGE;
  }
  const key = await keyOf(deployment.directory, options);
  const before = readAugment(await deployment.records.get('augment', key)) ?? {};
  const schedule = { ...before.schedule, ...change.schedule };
  const value: Augment = { ...before, ...change, ...(Object.keys(schedule).length === 0 ? {} : { schedule }) };
  await deployment.records.apply(augmentOperations(key, value));
  const name = await nameOf(deployment.directory, key);
  output.value({ for: name, augment: value });
  output.line(`${name}: ${JSON.stringify(value)}`);
  return OK;
}

export async function clearAugment({ directory, records }: Deployment, options: AugmentOptions, output: Output): Promise<number> {
  const key = await keyOf(directory, options);
  await records.apply(augmentOperations(key, undefined));
  const name = await nameOf(directory, key);
  output.value({ for: name });
  output.line(`${name}: as the directory has it`);
  return OK;
}

/** @throws NotFound */
async function keyOf(directory: Directory, { user, all }: AugmentOptions): Promise<AugmentKey> {
  if ((user === undefined) === (all === undefined)) throw new NotFound('name somebody with --user, or a kind with --all');
  if (user !== undefined) return (await findOwner(directory, user)).id;
  const kind = KINDS[all ?? ''];
  if (kind === undefined) throw new NotFound(`${String(all)} is no kind; there are ${Object.keys(KINDS).join(', ')}`);
  return `@${kind}`;
}

/** @returns a sentence where an option is wrong */
async function changeOf(directory: Directory, { enabled, locked, server, mode, acceptGroup, capacity, quota }: AugmentOptions): Promise<Augment | string> {
  for (const [name, value] of Object.entries({ enabled, locked })) if (value !== undefined && value !== 'yes' && value !== 'no') return `--${name} is yes or no`;
  if (server !== undefined && serverOrigin(server) === undefined) return '--server: expected a host, host:port or https://host:port';
  const octets = quota === undefined ? undefined : octetsOf(quota);
  if (quota !== undefined && octets === undefined) return `--quota: expected octets, or a number with ${Object.keys(UNITS).join(', ')}`;
  const schedule = {
    ...(mode === undefined ? {} : { mode }), ...(acceptGroup === undefined ? {} : { acceptGroup: (await findOwner(directory, acceptGroup)).id }),
    ...(capacity === undefined ? {} : { capacity: Number(capacity) }),
  };
  const change = augment.safeParse({
    ...(enabled === undefined ? {} : { enabled: enabled === 'yes' }), ...(locked === undefined ? {} : { locked: locked === 'yes' }), ...(server === undefined ? {} : { server }),
    ...(octets === undefined ? {} : { quotaOctets: octets }), ...(Object.keys(schedule).length === 0 ? {} : { schedule }),
  });
  if (!change.success) return change.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  return Object.keys(change.data).length === 0 ? 'say what is to be set; `caladmin augments set --help` shows what there is' : change.data;
}

function octetsOf(text: string): number | undefined {
  const [, count, unit] = /^(\d+) ?(KiB|MiB|GiB|TiB)?$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * (unit === undefined ? 1 : UNITS[unit]!);
}

/** As `--user` and `--all` take it; of somebody the directory does not know any more, the id. */
async function nameOf(directory: Directory, key: string): Promise<string> {
  const kind = Object.entries(KINDS).find(([, one]) => key === `@${one}`)?.[0];
  if (kind !== undefined) return `all ${kind}`;
  const principal = await directory.findById(key as PrincipalId);
  return principal === undefined ? key : `${principal.kind}s/${principal.names[0] ?? key}`;
}
