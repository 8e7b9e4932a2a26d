/**
 * `delegates`: who may read, or read and write, what is another's. Shows what owners and admins set and what the directory gives; changes, saves and restores the
 * former, as one JSON file that people can read. A running server knows of a change with its next request.
 */
import { readFile, writeFile } from 'node:fs/promises';
import type { Directory, Principal, PrincipalId, RecordOperation } from '@kalends/contracts';
import { Delegates } from '@kalends/webdav';
import type { ProxyMode } from '@kalends/webdav';
import { z } from 'zod';
import { OK, PARTLY, USAGE } from './exit-codes.ts';
import { NotFound, findOwner } from './find-calendar.ts';
import type { OpenDeployment } from './open-deployment.ts';
import { table } from './output.ts';
import type { Output } from './output.ts';

const MODES: readonly ProxyMode[] = ['write', 'read'];
type Lists = Readonly<Record<ProxyMode, readonly PrincipalId[]>>;
type Deployment = Pick<OpenDeployment, 'directory' | 'records'>;

const saved = z.strictObject({
  kalends: z.literal('delegates'), version: z.literal(1),
  delegates: z.array(z.strictObject({ owner: z.string().min(1), name: z.string().optional(), write: z.array(z.string().min(1)).default([]), read: z.array(z.string().min(1)).default([]) })),
});

export async function listDelegates({ directory, records }: Deployment, options: { readonly user?: string }, output: Output): Promise<number> {
  const delegates = new Delegates(directory, records);
  const owners = options.user === undefined ? await allOwners(directory, delegates) : [(await findOwner(directory, options.user)).id];
  const set = await setBy(delegates);
  const rows: { owner: string; mode: ProxyMode; delegate: string; from: 'directory' | 'set' }[] = [];
  for (const owner of owners) {
    for (const mode of MODES) {
      const stored = new Set(set.get(owner)?.[mode]);
      for (const delegate of await delegates.membersOf({ owner, mode })) {
        rows.push({ owner: await nameOf(directory, owner), mode, delegate: await nameOf(directory, delegate), from: stored.has(delegate) ? 'set' : 'directory' });
      }
    }
  }
  output.value(rows);
  for (const line of table(rows.map(({ owner, mode, delegate, from }) => [owner, mode, delegate, from]))) output.line(line);
  return OK;
}

/** Each who is named has that mode from now on, and no other; those who are not named stay. */
export async function setDelegates(deployment: Deployment, options: { readonly user: string; readonly write: readonly string[]; readonly read: readonly string[] }, output: Output): Promise<number> {
  if (options.write.length + options.read.length === 0) {
    output.complain('name somebody with --write or --read');
    return USAGE;
  }
  return await change(deployment, options.user, async (now) => {
    const [write, read] = [await idsOf(deployment.directory, options.write), await idsOf(deployment.directory, options.read)];
    const both = write.find((id) => read.includes(id));
    if (both !== undefined) throw new NotFound(`${await nameOf(deployment.directory, both)} is named with --write and with --read; who writes also reads`);
    return { write: [...now.write.filter((id) => !read.includes(id)), ...write], read: [...now.read.filter((id) => !write.includes(id)), ...read] };
  }, output);
}

export async function removeDelegates(deployment: Deployment, options: { readonly user: string; readonly who: readonly string[] }, output: Output): Promise<number> {
  return await change(deployment, options.user, async (now) => {
    const gone = await idsOf(deployment.directory, options.who);
    return { write: now.write.filter((id) => !gone.includes(id)), read: now.read.filter((id) => !gone.includes(id)) };
  }, output);
}

/** @param to a file; absent: standard output */
export async function exportDelegates({ directory, records }: Deployment, { to }: { readonly to?: string }, output: Output): Promise<number> {
  const delegates = [];
  let count = 0;
  for (const [owner, { write, read }] of await setBy(new Delegates(directory, records))) {
    delegates.push({ owner, name: await nameOf(directory, owner), write, read });
    count += write.length + read.length;
  }
  const text = `${JSON.stringify({ kalends: 'delegates', version: 1, delegates }, null, 1)}\n`;
  if (to === undefined) {
    output.print(text);
    return OK;
  }
  await writeFile(to, text, { mode: 0o600 });
  output.value({ owners: delegates.length, delegates: count, file: to });
  output.line(`${String(count)} delegates of ${String(delegates.length)} owners written to ${to}`);
  return OK;
}

/** What the file has is added; with `replace` what it has not is removed. Whom the directory does not know is left out, and told. */
export async function importDelegates({ directory, records }: Deployment, file: string, options: { readonly replace: boolean }, output: Output): Promise<number> {
  const wanted = await readSaved(file);
  if (typeof wanted === 'string') {
    output.complain(`${file}: ${wanted}`);
    return USAGE;
  }
  const delegates = new Delegates(directory, records);
  const now = await setBy(delegates);
  let [set, unknown] = [0, 0];
  const known = async (id: PrincipalId): Promise<boolean> => {
    if (await directory.findById(id) !== undefined) return true;
    output.complain(`the directory does not know ${id}: left out`);
    unknown++;
    return false;
  };
  for (const [owner, lists] of wanted) {
    if (!await known(owner)) continue;
    for (const mode of MODES) {
      const members: PrincipalId[] = [];
      for (const id of lists[mode]) if (await known(id)) members.push(id);
      const kept = options.replace ? [] : (now.get(owner)?.[mode] ?? []);
      const before = new Set(now.get(owner)?.[mode]);
      set += members.filter((id) => !before.has(id)).length;
      await apply(records, await delegates.replace({ owner, mode }, new Set([...kept, ...members])));
    }
  }
  if (options.replace) for (const [owner] of now) if (!wanted.has(owner)) for (const mode of MODES) await apply(records, await delegates.replace({ owner, mode }, new Set()));
  output.value({ owners: wanted.size, set, unknown });
  output.line(`${String(set)} delegates set, for ${String(wanted.size)} owners in the file; ${String(unknown)} left out`);
  return unknown === 0 ? OK : PARTLY;
}

async function change({ directory, records }: Deployment, user: string, next: (now: Lists) => Promise<Lists>, output: Output): Promise<number> {
  const owner = await findOwner(directory, user);
  if (owner.kind === 'group') throw new NotFound(`${owner.displayName} is a group: people, rooms and resources have delegates`);
  const delegates = new Delegates(directory, records);
  const now = (await setBy(delegates)).get(owner.id) ?? { write: [], read: [] };
  const wanted = await next(now);
  const operations = (await Promise.all(MODES.map((mode) => delegates.replace({ owner: owner.id, mode }, new Set(wanted[mode]))))).flat();
  await apply(records, operations);
  return await listDelegates({ directory, records }, { user: owner.id }, output);
}

/** An edge is two records, under both ends: they stay together. */
async function apply(records: OpenDeployment['records'], operations: readonly RecordOperation[]): Promise<void> {
  for (let from = 0; from < operations.length; from += MOST_OPERATIONS) await records.apply(operations.slice(from, from + MOST_OPERATIONS));
}
const MOST_OPERATIONS = 1_000;

async function setBy(delegates: Delegates): Promise<ReadonlyMap<PrincipalId, Record<ProxyMode, PrincipalId[]>>> {
  const found = new Map<PrincipalId, Record<ProxyMode, PrincipalId[]>>();
  for await (const batch of delegates.set()) {
    for (const { owner, mode, delegate } of batch) {
      const lists = found.get(owner) ?? { write: [], read: [] };
      found.set(owner, lists);
      lists[mode].push(delegate);
    }
  }
  return found;
}

/** Those who set somebody, and rooms and resources whose delegates the directory gives. */
async function allOwners(directory: Directory, delegates: Delegates): Promise<readonly PrincipalId[]> {
  const owners = new Set((await setBy(delegates)).keys());
  for (const kind of ['location', 'resource'] as const) {
    for (let after: string | undefined, page: readonly Principal[]; ; after = page.at(-1)!.names[0]) {
      page = await directory.list(kind, after, 500);
      for (const principal of page) if (principal.delegates !== undefined) owners.add(principal.id);
      if (page.length < 500) break;
    }
  }
  return [...owners];
}

async function idsOf(directory: Directory, named: readonly string[]): Promise<readonly PrincipalId[]> {
  return Promise.all(named.map(async (name) => (await findOwner(directory, name)).id));
}

/** As `findOwner` takes it; of somebody the directory does not know any more, the id. */
async function nameOf(directory: Directory, id: PrincipalId): Promise<string> {
  const principal = await directory.findById(id);
  return principal === undefined ? id : `${principal.kind}s/${principal.names[0] ?? id}`;
}

/** @returns what is wrong with the file, where something is */
async function readSaved(file: string): Promise<ReadonlyMap<PrincipalId, Lists> | string> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const parsed = saved.safeParse(content);
  if (!parsed.success) return `no file of delegates: ${z.prettifyError(parsed.error)}`;
  return new Map(parsed.data.delegates.map(({ owner, write, read }) => [owner as PrincipalId, { write: write as PrincipalId[], read: read as PrincipalId[] }]));
}
