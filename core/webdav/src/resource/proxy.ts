/** `<principal>/calendar-proxy-read/` and `-write/` (caldav-proxy §3): groups whose members act for the owner. Members are the records of `access/delegates.ts`. */
import type { Directory, DavResource, PrincipalId, ResourceKind } from '@kalends/contracts';
import { PROXY_MODES, proxyGroupId } from '../access/delegates.ts';
import type { ProxyGroup } from '../access/delegates.ts';
import { principalPath } from './principal-path.ts';
import { hasProxies, principalAcl, principalAt, principalTemplates } from './principal.ts';
import { davPrivileges } from './privileges.ts';

export function proxyKind(directory: Directory): ResourceKind {
  return {
    kind: 'proxy',
    paths: PROXY_MODES.flatMap((mode) => principalTemplates(`calendar-proxy-${mode}/`)),
    privileges: davPrivileges,
    // The delegating owner alone says who is in it; a delegate, even one who may write, does not.
    protectedAcl: principalAcl,
    resolve: async (match) => {
      const owner = await principalAt(match, directory);
      const mode = match.template.endsWith('calendar-proxy-write/') ? 'write' : 'read';
      return owner === undefined || !hasProxies(owner) ? undefined : proxyResource({ owner: owner.id, mode }, match.path);
    },
    members: async function* () { /* A group of principals that live elsewhere. */ },
  };
}

/** A group that no directory knows, made up so that it is a principal like any other. */
export function proxyResource(group: ProxyGroup, path: string = principalPath(proxyGroupId(group))): DavResource {
  const id: PrincipalId = proxyGroupId(group);
  const name = `calendar-proxy-${group.mode}`;
  return {
    kind: 'proxy', path, canonical: principalPath(id), owner: group.owner,
    principal: { id, kind: 'group', names: [name], accounts: [], displayName: name, emails: [], addresses: [], enabled: true, locked: false, schedule: { mode: 'none' } },
  };
}
