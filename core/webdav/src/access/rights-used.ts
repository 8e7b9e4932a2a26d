/**
 * Which requests use a right over what is another's, and so belong in the audit log (R44): an administrator's in a home that is not his, his changes of other
 * principals and his lists of homes; a delegate's in the home of whoever he acts for. Decides nothing; a request of anybody else costs two comparisons.
 */
import type { Directory, DavResource, HttpExchange, Identity, PrincipalId } from '@kalends/contracts';
import { isRightNoted, noteRight } from '@kalends/http';
import { TYPE_OF } from '../resource/principal-path.ts';

interface Used { readonly http: HttpExchange; readonly directory: Pick<Directory, 'findById'>; readonly identity: Identity; readonly resource: DavResource }

/** What everybody who is known may do with principals: nothing that takes an administrator. */
const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PROPFIND', 'REPORT']);

/** `identity.actingFor` is known. */
export async function noteRightOver(used: Used): Promise<void> {
  const { http, identity, resource: { owner, home, kind } } = used;
  if (identity.actingFor !== undefined) return await note(used, 'delegate', identity.actingFor);
  if (!identity.admin || isOwn(identity, owner)) return;
  if (home !== undefined) return await note(used, 'admin', owner);
  if (owner === undefined ? kind === 'home-listing' : !READS.has(http.request.method ?? '')) await note(used, 'admin', owner);
}

/** Of a second path that a request leads to: a destination, an href in a report. */
export async function noteRightOverAlso(used: Used, actingFor: () => Promise<PrincipalId | undefined>): Promise<void> {
  const { http, identity, resource: { owner, home } } = used;
  if (home === undefined || owner === undefined || identity.principal === undefined || isOwn(identity, owner) || isRightNoted(http, owner)) return;
  if (identity.admin) await note(used, 'admin', owner);
  else if (await actingFor() !== undefined) await note(used, 'delegate', owner);
}

/** Members of an owning group are owners. */
function isOwn({ principal, groups }: Identity, owner: PrincipalId | undefined): boolean {
  return owner !== undefined && (owner === principal || groups.has(owner));
}

async function note({ http, directory, identity: { principal, scope } }: Used, as: 'admin' | 'delegate', owner: PrincipalId | undefined): Promise<void> {
  if (principal === undefined || isRightNoted(http, owner)) return;
  const ownerName = owner === undefined ? undefined : await nameOf(directory, owner);
  noteRight(http, {
    as, principal, ...(owner === undefined ? {} : { owner }), ...(ownerName === undefined ? {} : { ownerName }), ...(scope === undefined ? {} : { appPassword: scope.name }),
  });
}

/** For people; the id says it too, so a directory that cannot be asked holds nothing up. */
async function nameOf(directory: Used['directory'], id: PrincipalId): Promise<string | undefined> {
  const principal = await directory.findById(id).catch(() => undefined);
  return principal?.names[0] === undefined ? undefined : `${TYPE_OF[principal.kind]}/${principal.names[0]}`;
}
