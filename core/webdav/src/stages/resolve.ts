/**
 * Stage 3: what stands at the path, with one store call that loads what the method's handlers want of an item. Then the kind's handler for the method, else 405;
 * but whoever has not said who they are learns only that they must.
 */
import type { DavResource, ItemSelect, MethodSpec } from '@kalends/contracts';
import { READ } from '@kalends/contracts';
import { engineOf } from '../engine.ts';
import { methodNotAllowed, notFound } from '../errors/preconditions.ts';
import { elsewhereSpec } from '../methods/elsewhere.ts';
import { answerOptions } from '../methods/options.ts';
import { Answered, NeedsIdentity } from './passage.ts';
import type { Identified, Resolved } from './passage.ts';

export async function resolve(passage: Identified): Promise<Resolved> {
  const { engine, method, http, identity, fields } = passage;
  const wanted = engine.selectFor(method, http.request.headers, identity.principal);
  const selected: ItemSelect = fields.ifScheduleTagMatch === undefined ? wanted : { ...wanted, meta: true };
  const resource = await engine.locate(http.path, selected, identity);
  if (resource === undefined) {
    if (identity.principal !== undefined) throw notFound();
    if (method !== 'OPTIONS') throw new NeedsIdentity();
    // To nobody, who is known here and who is not looks the same.
    answerOptions(http, engine, engine.known);
    throw new Answered();
  }
  return { ...passage, resource, selected, spec: specFor(passage, resource) };
}

function specFor({ engine, method }: Identified, { kind, elsewhere }: DavResource): MethodSpec {
  if (elsewhere !== undefined) return elsewhereSpec;
  return engine.methods(kind).get(method) ?? (method === 'ACL' && kind === 'home' ? NEVER_DEFINED : NOT_DEFINED);
}

/** Of this kind, or where nothing is: access decides whether the caller learns so. */
const NOT_DEFINED: MethodSpec = {
  method: '', kinds: [], refuses: true, requires: () => [{ on: 'self', privileges: READ }],
  handle: (request) => {
    const { http, engine, resource } = engineOf(request);
    return Promise.reject(methodNotAllowed(http.request.method ?? '', [...engine.methods(resource.kind).keys()]));
  },
};

/** That homes have no ACL method is no secret, and whose home is there neither: everybody who is known is told, and never of a privilege that would not help. */
const NEVER_DEFINED: MethodSpec = {
  ...NOT_DEFINED, requires: () => [],
  handle: (request) => (request.identity.principal === undefined ? Promise.reject(new NeedsIdentity()) : NOT_DEFINED.handle(request)),
};
