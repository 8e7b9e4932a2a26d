/**
 * Stage 3: what stands at the path, with one store call that loads what the method's handlers want of an item. Then the kind's handler for the method, else 405;
 * but whoever has not said who they are learns only that they must.
 */
import type { ItemSelect, MethodSpec } from '@kalends/contracts';
import { READ } from '@kalends/contracts';
import { methodNotAllowed, notFound } from '../errors/preconditions.ts';
import { NeedsIdentity } from './passage.ts';
import type { Identified, Resolved } from './passage.ts';

export async function resolve(passage: Identified): Promise<Resolved> {
  const { engine, method, http, identity, fields } = passage;
  const wanted = engine.selectFor(method, http.request.headers, identity.principal);
  const selected: ItemSelect = fields.ifScheduleTagMatch === undefined ? wanted : { ...wanted, meta: true };
  const resource = await engine.locate(http.path, selected, identity);
  if (resource === undefined) throw identity.principal === undefined ? new NeedsIdentity() : notFound();
  const methods = engine.methods(resource.kind);
  const spec = methods.get(method) ?? (engine.exists(resource) ? undefined : OF_NOTHING);
  if (spec === undefined) {
    if (identity.principal === undefined) throw new NeedsIdentity();
    throw methodNotAllowed(method, [...methods.keys()]);
  }
  return { ...passage, resource, selected, spec };
}

/** Where nothing is, and no feature makes anything: access decides whether the caller learns so. */
const OF_NOTHING: MethodSpec = {
  method: '', kinds: [], requires: () => [{ on: 'self', privileges: READ }],
  handle: ({ http }) => Promise.reject(methodNotAllowed(http.request.method ?? '', [])),
};
