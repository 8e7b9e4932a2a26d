/** Principals (RFC 3744 §2, §4): people, groups, locations and resources, by id and by type and name. Their data are the directory's; nothing is stored here. */
import { ALL, READ, WRITE_PROPERTIES } from '@kalends/contracts';
import type { Ace, DavResource, Directory, PathMatch, Principal, PrincipalId, ResourceKind } from '@kalends/contracts';
import { PROXY_MODES } from '../access/delegates.ts';
import { withSlash } from './href.ts';
import { KIND_OF, PRINCIPALS, principalPath, UIDS } from './principal-path.ts';
import { davPrivileges } from './privileges.ts';
import { proxyResource } from './proxy.ts';

/** Everybody who is known may look everybody up: invitations need it. Only the principal itself changes what can be changed. */
export function principalAcl({ owner }: DavResource): readonly Ace[] {
  const mine: readonly Ace[] = owner === undefined ? [] : [{ principal: owner, grant: WRITE_PROPERTIES }];
  return [{ principal: 'authenticated', grant: READ }, ...mine, { principal: 'administrators', grant: ALL }];
}

/** `below`: of paths that go on after the principal's own. */
export function principalTemplates(below = ''): readonly string[] {
  return [`${PRINCIPALS}${UIDS}/{id}/${below}`, ...[...KIND_OF.keys()].map((type) => `${PRINCIPALS}${type}/{name}/${below}`)];
}

export function principalKind(directory: Directory): ResourceKind {
  return {
    kind: 'principal',
    paths: principalTemplates(),
    privileges: davPrivileges,
    protectedAcl: principalAcl,
    resolve: async (match) => {
      const principal = await principalAt(match, directory);
      return principal === undefined ? undefined : principalResource(principal, match.path);
    },
    members: async function* ({ path, principal }) {
      if (principal !== undefined && hasProxies(principal)) yield PROXY_MODES.map((mode) => proxyResource({ owner: principal.id, mode }, `${withSlash(path)}calendar-proxy-${mode}/`));
    },
  };
}

/** Whether its calendars are this server's to keep and to write; else they are another's, or nobody can tell whose (`elsewhere`). */
export const isHostedHere = ({ elsewhere }: Principal): boolean => elsewhere === undefined;

/** Groups own no calendars that somebody could be a delegate for. */
export function hasProxies({ kind }: Principal): boolean {
  return kind !== 'group';
}

export function principalResource(principal: Principal, path: string = principalPath(principal.id)): DavResource {
  return { kind: 'principal', path, canonical: principalPath(principal.id), owner: principal.id, principal };
}

/** Who is meant by a match of `principalTemplates`. */
export async function principalAt({ template, values }: PathMatch, directory: Directory): Promise<Principal | undefined> {
  const id = values.get('id')?.[0];
  if (id !== undefined) return directory.findById(id as PrincipalId);
  const kind = KIND_OF.get(template.split('/')[2] ?? '');
  const name = values.get('name')?.[0];
  return kind === undefined || name === undefined ? undefined : directory.findByName(kind, name);
}
