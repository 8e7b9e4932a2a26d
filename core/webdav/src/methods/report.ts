/** REPORT (RFC 3253 §3.6): the body's root names it; its kind and privilege are checked here, its grammar and its answer are its own. */
import type { DavRequest, MethodSpec } from '@kalends/contracts';
import { engineOf } from '../engine.ts';
import { badRequest, supportedReport } from '../errors/preconditions.ts';
import { NeedsIdentity } from '../stages/passage.ts';
import { shown } from '../xml/write.ts';

/** What it requires depends on the report. */
export const report: MethodSpec = { method: 'REPORT', kinds: ['*'], select: { meta: true }, requires: () => [], handle };

async function handle(given: DavRequest): Promise<void> {
  const request = engineOf(given);
  const { engine, resource, identity, access, href } = request;
  const body = await request.xml();
  if (body === undefined) throw badRequest('A REPORT has a body that names it.');
  const spec = engine.reports(resource.kind).find(({ name }) => name.local === body.name.local && name.ns === body.name.ns);
  if (spec === undefined) throw supportedReport(`This resource has no report ${shown(body.name)}.`);
  if (identity.principal === undefined && (spec.requires & ~access) !== 0) throw new NeedsIdentity();
  request.need(access, spec.requires, href);
  await spec.run(request, spec.read(body));
}
