/**
 * May somebody log in, gate by gate, as the server would decide (R43): is the account his alone, is he on the access list, does the record, with what was laid over it,
 * let him. And is he an administrator (R44). Asks no password.
 */
import { DirectoryUnavailable } from '@kalends/contracts';
import type { Directory, DirectorySource, Principal, PrincipalId } from '@kalends/contracts';
import { readAugment } from '@kalends/directory';
import type { Augment } from '@kalends/directory';
import { TYPES, findNamed } from './find-calendar.ts';
import type { FromInstance, OpenPeople } from './open-people.ts';

export interface Listed {
  readonly passes: boolean;
  /** Entries of the config by which he is on the list: himself, or a group. */ readonly by: readonly string[];
  /** Entries that no directory knows. */ readonly unknown: readonly string[];
}
export interface Conflict { readonly what: string; /** Whom it means here, by which directory. */ readonly means: string; readonly from: string; readonly wins: boolean }
export interface Gates {
  readonly mayLogIn: boolean;
  readonly why: readonly string[];
  /** Absent: all may. */ readonly accessList?: Listed;
  readonly directory: { readonly enabled: boolean; readonly locked: boolean };
  readonly augment: { readonly own?: Augment; readonly ofKind?: Augment };
  readonly enabled: boolean; readonly locked: boolean;
  readonly admin: Listed;
  readonly conflicts: readonly Conflict[];
}

export type People = Pick<OpenPeople, 'directory' | 'records' | 'deployment' | 'sources'>;

/** The first source that knows him, and his record there. */
export async function sourceOf({ sources }: Pick<People, 'sources'>, id: PrincipalId): Promise<{ readonly source: FromInstance<DirectorySource>; readonly record: Principal } | undefined> {
  for (const source of sources) {
    const record = await asked(source, (value) => value.findById(id));
    if (record !== undefined) return { source, record };
  }
  return undefined;
}

export async function gatesOf(people: People, principal: Principal, groups: ReadonlySet<PrincipalId>, record: Principal): Promise<Gates> {
  const { directory, records, deployment } = people;
  const [own, ofKind] = (await Promise.all([principal.id, `@${principal.kind}`].map((key) => records.get('augment', key)))).map(readAugment);
  const accessList = deployment.accessList === undefined ? undefined : await listed(directory, deployment.accessList, principal.id, groups);
  const conflicts = await conflictsOf(people, principal);
  const lost = principal.accounts.length > 0 && principal.accounts.every((account) => conflicts.some(({ what, wins }) => wins && what === `the account ${account}`));
  const why = [
    ...(principal.kind === 'user' ? [] : [`${principal.kind}s do not log in`]),
    ...(principal.kind === 'user' && principal.accounts.length === 0 ? ['there is no account to log in with'] : []),
    ...(lost ? ['each account means somebody of another directory first'] : []),
    ...(accessList?.passes === false ? ['not on the access list'] : []),
    ...(principal.enabled ? [] : [record.enabled ? 'not enabled by the augment' : 'not enabled in the directory']),
    ...(principal.locked ? ['locked'] : []),
  ];
  return {
    mayLogIn: why.length === 0, why, ...(accessList === undefined ? {} : { accessList }),
    directory: { enabled: record.enabled, locked: record.locked }, augment: { ...(own === undefined ? {} : { own }), ...(ofKind === undefined ? {} : { ofKind }) },
    enabled: principal.enabled, locked: principal.locked, admin: await listed(directory, deployment.admins, principal.id, groups, (one) => one.guest !== true && principal.guest !== true), conflicts,
  };
}

async function listed(directory: Directory, names: readonly string[], id: PrincipalId, groups: ReadonlySet<PrincipalId>, counts: (listed: Principal) => boolean = () => true): Promise<Listed> {
  const by: string[] = [];
  const unknown: string[] = [];
  for (const name of names) {
    const found = await findNamed(directory, name) ?? await directory.findById(name as PrincipalId);
    if (found === undefined) unknown.push(name);
    else if ((found.id === id || groups.has(found.id)) && counts(found)) by.push(name);
  }
  return { passes: by.length > 0, by, unknown };
}

/** Sources are asked past the cache here. @throws DirectoryUnavailable */
async function asked<T>({ instance, value }: FromInstance<DirectorySource>, ask: (source: DirectorySource) => Promise<T>): Promise<T> {
  try {
    return await ask(value);
  } catch (error) {
    throw new DirectoryUnavailable(instance, error);
  }
}

/** Who else is meant by the same name, account or address, by any directory; the first of the config wins. */
async function conflictsOf({ sources }: People, principal: Principal): Promise<readonly Conflict[]> {
  const questions: readonly (readonly [what: string, ask: (source: DirectorySource) => Promise<Principal | undefined>])[] = [
    ...principal.accounts.map((account) => [`the account ${account}`, (source: DirectorySource) => source.findByAccount(account)] as const),
    ...principal.names.map((name) => [`the name ${TYPES[principal.kind]}/${name}`, (source: DirectorySource) => source.findByName(principal.kind, name)] as const),
    ...principal.emails.map((email) => [`the address mailto:${email}`, (source: DirectorySource) => source.findByAddress(`mailto:${email.toLowerCase()}`)] as const),
  ];
  if (sources.length < 2) return [];
  return (await Promise.all(questions.map(async ([what, ask]): Promise<readonly Conflict[]> => {
    const answers = await Promise.all(sources.map(async (source) => ({ source, found: await asked(source, ask) })));
    const winner = answers.find(({ found }) => found !== undefined);
    return answers.flatMap(({ source, found }) => (found === undefined || found.id === principal.id ? []
      : [{ what, means: `${TYPES[found.kind]}/${found.names[0] ?? found.id}`, from: source.instance, wins: winner?.source === source }]));
  }))).flat();
}
