/**
 * `principals show | list | search | members`: what the server makes of the directory, without a running server and without a client: records as they are composed, which
 * directory they come from, and who may log in and why not. Reads only.
 */
import type { Directory, Principal, PrincipalId } from '@kalends/contracts';
import { OK, USAGE } from './exit-codes.ts';
import { NotFound, TYPES, findOwner } from './find-calendar.ts';
import { gatesOf, sourceOf } from './log-in-gates.ts';
import type { Gates, Listed } from './log-in-gates.ts';
import { schemesOf } from './log-in-schemes.ts';
import type { Scheme } from './log-in-schemes.ts';
import type { OpenPeople } from './open-people.ts';
import { table } from './output.ts';
import type { Output } from './output.ts';

interface Named { readonly id: PrincipalId; readonly name: string; readonly displayName?: string }
export interface Paging { readonly limit?: string; readonly after?: string }

const DEFAULT_ROWS = 100;
const MOST_ROWS = 10_000;
/** Records that are asked for at once. */
const AT_ONCE = 32;
/** In text; with `--json` all are there. */
const SHOWN_GROUPS = 20;
const FIELDS = ['display-name', 'name', 'first-name', 'last-name', 'email'] as const;

export async function showPrincipal(people: OpenPeople, named: string, output: Output): Promise<number> {
  const principal = await findOwner(people.directory, named);
  const from = await sourceOf(people, principal.id);
  if (from === undefined) throw new NotFound(`${named} has gone from the directory just now`);
  const groupIds = await people.directory.groupsOf(principal.id);
  const groups = (await namesOf(people.directory, [...groupIds])).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const logIn = await gatesOf(people, principal, groupIds, from.record);
  const schemes = principal.kind === 'user' ? await schemesOf(people, principal) : [];
  const { instance, plugin } = from.source;
  output.value({ from: { instance, plugin }, principal, groups, logIn, schemes });
  const related = new Map((await namesOf(people.directory, relatedTo(principal))).map(({ id, name }) => [id, name]));
  const rows = [
    ...recordRows(principal, (id) => related.get(id) ?? id),
    ...(groups.length === 0 ? [] : [['groups', `${groups.slice(0, SHOWN_GROUPS).map(({ name }) => name).join(', ')}${groups.length > SHOWN_GROUPS ? `, and ${String(groups.length - SHOWN_GROUPS)} more (--json has them)` : ''}`]]),
  ];
  output.line(`${nameOf(principal)}  ${principal.displayName}`);
  for (const line of table([['  from', `${instance} (${plugin})`], ...rows.map(([key = '', value = '']) => [`  ${key}`, value]), ...gateRows(principal, logIn), ...schemes.map(schemeRow)])) output.line(line);
  return OK;
}

export async function listPrincipals({ directory }: Pick<OpenPeople, 'directory'>, kind: string, paging: Paging, output: Output): Promise<number> {
  const limit = limitOf(paging, output);
  if (limit === undefined) return USAGE;
  const found = await directory.list(kindOf(kind), paging.after, limit);
  return print(found, found.length < limit ? undefined : found.at(-1)?.names[0], output);
}

export async function searchPrincipals({ directory }: Pick<OpenPeople, 'directory'>, text: string, { kind, ...paging }: Paging & { readonly kind?: string }, output: Output): Promise<number> {
  const limit = limitOf(paging, output);
  if (limit === undefined) return USAGE;
  const kinds = kind === undefined ? Object.keys(TYPES) as Principal['kind'][] : [kindOf(kind)];
  const found: Principal[] = [];
  for await (const batch of directory.search({ anyOf: true, terms: FIELDS.map((field) => ({ field, text, match: 'contains' })), kinds, limit })) found.push(...batch);
  if (found.length === limit) output.complain(`There may be more than ${String(limit)}; --limit shows more, more letters find fewer.`);
  return print(found, undefined, output);
}

/** Direct ones, as the directory has them; or everybody in the groups below too, each once. */
export async function listMembers({ directory }: Pick<OpenPeople, 'directory'>, named: string, options: Paging & { readonly expanded: boolean }, output: Output): Promise<number> {
  const limit = limitOf(options, output);
  if (limit === undefined) return USAGE;
  const group = await findOwner(directory, named);
  if (group.kind !== 'group') throw new NotFound(`${nameOf(group)} is no group`);
  const ids: PrincipalId[] = [];
  let passed = options.after === undefined;
  for await (const id of membersOf(directory, group.id, options.expanded)) {
    if (passed) ids.push(id);
    passed ||= id === options.after;
    if (ids.length === limit) break;
  }
  if (!passed) throw new NotFound(`${String(options.after)} is no member of ${nameOf(group)}, so nothing comes after it`);
  const members = await recordsOf(directory, ids);
  const next = ids.length < limit ? undefined : ids.at(-1);
  output.value({ group: nameOf(group), members: ids.map((id, at) => members[at] ?? { id }), ...(next === undefined ? {} : { next }) });
  printRows(ids.map((id, at) => { const member = members[at]; return member === undefined ? [id, '(in no directory)', ''] : rowOf(member); }), next, output);
  return OK;
}

async function *membersOf(directory: Directory, group: PrincipalId, expanded: boolean): AsyncGenerator<PrincipalId> {
  const seen = new Set<PrincipalId>([group]);
  for (const groups = [group]; groups.length > 0;) {
    for await (const batch of directory.membersOf(groups.shift()!)) {
      const fresh = batch.filter((id) => !seen.has(id));
      for (const id of fresh) seen.add(id);
      const records = expanded ? await recordsOf(directory, fresh) : [];
      for (const [at, id] of fresh.entries()) {
        if (records[at]?.kind === 'group') groups.push(id);
        else yield id;
      }
    }
  }
}

async function recordsOf(directory: Directory, ids: readonly PrincipalId[]): Promise<readonly (Principal | undefined)[]> {
  const found: (Principal | undefined)[] = [];
  for (let from = 0; from < ids.length; from += AT_ONCE) found.push(...await Promise.all(ids.slice(from, from + AT_ONCE).map((id) => directory.findById(id))));
  return found;
}

async function namesOf(directory: Directory, ids: readonly PrincipalId[]): Promise<readonly Named[]> {
  const records = await recordsOf(directory, ids);
  return ids.map((id, at) => { const record = records[at]; return record === undefined ? { id, name: id } : { id, name: nameOf(record), displayName: record.displayName }; });
}

function print(found: readonly Principal[], next: string | undefined, output: Output): number {
  output.value({ principals: found, ...(next === undefined ? {} : { next }) });
  printRows(found.map(rowOf), next, output);
  return OK;
}

function printRows(rows: readonly (readonly string[])[], next: string | undefined, output: Output): void {
  for (const line of table(rows)) output.line(line.trimEnd());
  if (next !== undefined && !output.json) output.complain(`There may be more: --after ${next}`);
}

function rowOf(principal: Principal): readonly string[] {
  const { displayName, accounts, emails, enabled, locked, kind } = principal;
  const shut = kind !== 'user' ? [] : [...(enabled ? [] : ['not enabled']), ...(locked ? ['locked'] : [])];
  return [nameOf(principal), displayName, [...new Set([...accounts.slice(1), ...emails]), ...shut].join(', ')];
}

function relatedTo({ schedule, delegates, groupCalendar }: Principal): readonly PrincipalId[] {
  return [...(schedule.acceptGroup === undefined ? [] : [schedule.acceptGroup]), ...(delegates?.read ?? []), ...(delegates?.write ?? []), ...(groupCalendar?.owners ?? [])];
}

function recordRows(principal: Principal, named: (id: PrincipalId) => string): readonly (readonly string[])[] {
  const { id, kind, names, accounts, firstName, lastName, emails, addresses, server, schedule, delegates, groupCalendar, quotaOctets } = principal;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['id', id], ['kind', kind], ['names', names.join(', ')], ['accounts', accounts.join(', ')], ['first, last name', [firstName, lastName].filter((name) => name !== undefined).join(' ')],
    ['emails', emails.join(', ')], ['addresses', addresses.join('  ')], ['server', server], ['invitations', schedule.mode === 'none' ? 'not answered by the server' : schedule.mode],
    ['accept group', schedule.acceptGroup === undefined ? undefined : named(schedule.acceptGroup)], ['capacity', schedule.capacity?.toString()],
    ['may read for it', delegates?.read.map(named).join(', ')], ['may write for it', delegates?.write.map(named).join(', ')],
    ['group calendar', groupCalendar === undefined ? undefined : `members: ${groupCalendar.members}; owners: ${groupCalendar.owners.map(named).join(', ') || 'none'}`],
    ['quota', quotaOctets === undefined ? undefined : `${String(quotaOctets)} octets`],
  ];
  return rows.flatMap(([key, value]) => (value === undefined || value === '' ? [] : [[key, value]]));
}

function gateRows(principal: Principal, gates: Gates): readonly (readonly string[])[] {
  const { accessList, directory, augment, admin, conflicts } = gates;
  const laid = [...(augment.ofKind === undefined ? [] : [`all ${TYPES[principal.kind]}: ${JSON.stringify(augment.ofKind)}`]), ...(augment.own === undefined ? [] : [`own: ${JSON.stringify(augment.own)}`])];
  return [
    ...(laid.length === 0 ? [] : [['  augment', laid.join('  ')]]),
    ...conflicts.map(({ what, means, from, wins }) => ['  conflict', `${what} is ${wins ? 'first' : 'also'} ${means} of ${from}`]),
    ...(principal.kind !== 'user' ? [] : [
      ['may log in', gates.mayLogIn ? 'yes' : `no: ${gates.why.join('; ')}`],
      ['  access list', accessList === undefined ? 'yes: it is for all' : listedIn(accessList)],
      ['  enabled', `${gates.enabled ? 'yes' : 'no'}${directory.enabled === gates.enabled ? '' : `, by the augment; the directory says ${directory.enabled ? 'yes' : 'no'}`}`],
      ['  locked', `${gates.locked ? 'yes' : 'no'}${directory.locked === gates.locked ? '' : `, by the augment; the directory says ${directory.locked ? 'yes' : 'no'}`}`],
      ['  admin', listedIn(admin)],
    ]),
  ];
}

function listedIn({ passes, by, unknown }: Listed): string {
  return `${passes ? `yes, by ${by.join(', ')}` : 'no'}${unknown.length === 0 ? '' : ` (in no directory: ${unknown.join(', ')})`}`;
}

function schemeRow({ scheme, could, how }: Scheme): readonly string[] {
  return [`  ${scheme}`, could ? how : `no: ${how}`];
}

function nameOf({ kind, names, id }: Principal): string {
  return `${TYPES[kind]}/${names[0] ?? id}`;
}

/** @throws NotFound */
function kindOf(type: string): Principal['kind'] {
  const kind = (Object.keys(TYPES) as Principal['kind'][]).find((each) => TYPES[each] === type);
  if (kind === undefined) throw new NotFound(`${type} is no kind; there are ${Object.values(TYPES).join(', ')}`);
  return kind;
}

function limitOf({ limit = String(DEFAULT_ROWS) }: Paging, output: Output): number | undefined {
  const count = /^\d{1,6}$/.test(limit) ? Number(limit) : 0;
  if (count >= 1 && count <= MOST_ROWS) return count;
  output.complain(`--limit takes a number from 1 to ${String(MOST_ROWS)}, not ${limit}`);
  return undefined;
}
