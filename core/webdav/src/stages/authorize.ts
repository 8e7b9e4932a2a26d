/**
 * Stage 4: may they? What the method requires, of the resource or its parent, is compared with the one integer that access control gives. A refusal reveals
 * nothing: where the caller may not read, what is not there is refused like what is, to the last octet.
 */
import type { DavResource, Identity, Privileges } from '@kalends/contracts';
import { READ } from '@kalends/contracts';
import { missingNames } from '../access/privilege-names.ts';
import { noteRightOver } from '../access/rights-used.ts';
import { conflict, needPrivileges, notFound } from '../errors/preconditions.ts';
import { parentOf } from '../resource/family.ts';
import { withSlash } from '../resource/href.ts';
import { answer } from '../answer.ts';
import { Answered, NeedsIdentity } from './passage.ts';
import type { Authorized, Resolved } from './passage.ts';

/** Methods that make something where nothing is. */
const CREATES: ReadonlySet<string> = new Set(['PUT', 'MKCOL', 'MKCALENDAR', 'LOCK']);
/** Asked of what is not there, these find no fault here: OPTIONS says what could be done, and of REPORT its body says how to refuse. */
const ASKS_NOTHING: ReadonlySet<string> = new Set(['OPTIONS', 'REPORT']);

export async function authorize(given: Resolved): Promise<Authorized> {
  const passage = { ...given, identity: await inOffice(given) };
  const { engine, identity, resource, spec, method, http } = passage;
  if (identity.admin || identity.actingFor !== undefined) await noteRightOver({ http, directory: engine.directory, identity, resource });
  const access = await engine.access.judge(identity, resource);
  for (const { on, privileges } of spec.requires(resource)) {
    const of = on === 'self' ? resource : parentOf(resource);
    if (of === undefined) continue;
    const held = of === resource ? access : await engine.access.judge(identity, of);
    // Which privilege is missing, and where, differs between what is there and what is not: only readers are told.
    if ((privileges & ~held) !== 0) demand(passage, resource, access, READ);
    demand(passage, of, held, privileges);
  }
  if (!engine.exists(resource) && !ASKS_NOTHING.has(method)) {
    if ((access & READ) !== READ) demand(passage, resource, access, READ);
    const nowhere = resource.kind === 'nowhere';
    // A feature with a better answer for places inside its own collections says so by naming them.
    const better = spec.kinds.includes('nowhere') && resource.collection?.kind !== 'files';
    if (nowhere && CREATES.has(method) && !better) throw conflict('The collection that this should lie in is not there.');
    if (!CREATES.has(method)) throw notFound();
  }
  if ((access & READ) === READ) placeSlash(passage);
  return { ...passage, access };
}

/** In a home whose owner made the caller a delegate, he acts for the owner: whatever has an owner's view or signs in his name goes by that. Costs no read. */
async function inOffice({ engine, identity, resource }: Resolved): Promise<Identity> {
  if (resource.home === undefined || identity.principal === undefined || identity.principal === resource.owner) return identity;
  const actingFor = await engine.access.actingFor(identity, resource);
  return actingFor === undefined ? identity : { ...identity, actingFor };
}

/** A collection asked for without its final slash: 301 for whoever reads, else the right URL beside the answer (RFC 4918 §5.2). */
function placeSlash({ engine, http, method, resource }: Resolved): void {
  if (http.path.endsWith('/') || !engine.isCollection(resource)) return;
  const href = withSlash(resource.path);
  if (method !== 'GET' && method !== 'HEAD') {
    http.response.setHeader('Content-Location', href);
    return;
  }
  const target = http.request.url ?? '';
  const query = target.indexOf('?');
  answer(http, 301, { Location: query < 0 ? href : href + target.slice(query) });
  throw new Answered();
}

function demand({ engine, identity }: Resolved, resource: DavResource, access: Privileges, wanted: Privileges): void {
  if ((wanted & ~access) === 0) return;
  if (identity.principal === undefined) throw new NeedsIdentity();
  const names = missingNames(engine.access.privilegesOf(resource.kind), wanted, access);
  throw needPrivileges(names.map((privilege) => ({ href: resource.path, privilege })));
}
