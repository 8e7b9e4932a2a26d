/** The walk of `evaluate.ts`, told to people: which entry decided what. For `caladmin` and the admin API; says no more than DAV:acl would, in words. */
import type { DavResource, Identity, Privileges, PrivilegeTree } from '@kalends/contracts';
import { clark } from '../xml/names.ts';
import { upwards } from './compile.ts';
import type { AccessEntry } from './compiled-access.ts';
import { matches } from './evaluate.ts';
import { namesOf } from './privilege-names.ts';

export interface Case {
  readonly identity: Identity; readonly resource: DavResource; readonly entries: readonly AccessEntry[]; readonly tree: PrivilegeTree; readonly decided: Privileges;
  /** What the item itself keeps from them. */ readonly withheld: Privileges;
}

export function tell({ identity, resource, entries, tree, decided, withheld }: Case): readonly string[] {
  const spell = (privileges: Privileges): string => namesOf(tree, privileges).map(({ local }) => local).join(', ') || 'nothing';
  const lines = [`${who(identity)} asks for ${resource.canonical} (${resource.kind})`];
  let known = 0;
  for (const entry of entries) {
    const named = (entry.grant | entry.deny) & tree.bits;
    const what = `${[entry.grant === 0 ? '' : `grants ${spell(entry.grant)}`, entry.deny === 0 ? '' : `denies ${spell(entry.deny)}`].filter((part) => part !== '').join(', ')}`;
    const line = `${subject(entry)} ${what || 'names nothing'} (${origin(entry, resource)})`;
    if (!matches(entry, identity, resource)) lines.push(`${line}: not them`);
    else if ((named & ~known) === 0) lines.push(`${line}: decided already`);
    else lines.push(`${line}: decides ${spell(named & ~known)}`);
    if (matches(entry, identity, resource)) known |= named;
  }
  if ((known & withheld) !== 0) lines.push(`the item keeps ${spell(withheld)} from everybody but owner and administrators`);
  return [...lines, `so they have ${spell(decided)}`];
}

function who({ principal, groups, admin, scheme }: Identity): string {
  if (principal === undefined) return 'nobody in particular';
  const member = groups.size === 0 ? '' : `, in ${[...groups].join(', ')}`;
  return `${principal} (${scheme}${admin ? ', an administrator' : ''}${member})`;
}

function subject({ principal, members }: AccessEntry): string {
  if (typeof principal !== 'string') return `whoever ${clark(principal.property)} names`;
  return members === undefined ? principal : `${principal} [${[...members].join(', ') || 'empty'}]`;
}

function origin({ isProtected, levelsUp, source }: AccessEntry, { canonical }: DavResource): string {
  const from = source === undefined ? (isProtected ? 'protected' : 'stored') : `from ${source}`;
  return levelsUp === 0 ? from : `${from}, inherited from ${upwards(canonical, levelsUp)}`;
}
