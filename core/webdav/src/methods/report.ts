/** REPORT (RFC 3253 §3.6): the body's root names it; its kind and privilege are checked here, its grammar and its answer are its own. */
import type { DavRequest, MethodSpec, Privileges, QName, ReportSpec } from '@kalends/contracts';
import { READ } from '@kalends/contracts';
import { engineOf } from '../engine.ts';
import type { EngineRequest } from '../engine.ts';
import { DavError } from '../errors/dav-error.ts';
import { badRequest, notFound, supportedReport } from '../errors/preconditions.ts';
import { mayRead } from '../request.ts';
import { isItemKind } from '../resource/shape.ts';
import { shown } from '../xml/write.ts';

/** Of a collection, what it requires depends on the report: one may let ask who may not read. */
export const report: MethodSpec = { method: 'REPORT', kinds: ['*'], select: { meta: true }, requires: ({ kind }) => (isItemKind(kind) ? [{ on: 'self', privileges: READ }] : []), handle };

async function handle(given: DavRequest): Promise<void> {
  const request = engineOf(given);
  const { access, href, resource: { path } } = request;
  // Nobody who may do nothing here learns whether the body made sense.
  if (access === 0 || !request.engine.exists(request.resource)) {
    if (!mayRead(access)) demand(request, READ, path, (await request.xml().catch(() => undefined))?.name);
    throw notFound();
  }
  const { spec, asked } = await readReport(request).catch((error: unknown) => {
    request.need(access, READ, path);
    throw error;
  });
  if (!mayRead(access) && (spec.requires & ~access) !== 0) demand(request, READ, path, spec.name);
  demand(request, spec.requires, href, spec.name);
  await spec.run(request, asked);
}

/** As `need`; but of some reports the refusal says that nothing is there. */
function demand(request: EngineRequest, privileges: Privileges, href: string, report: QName | undefined): void {
  try {
    request.need(request.access, privileges, href);
  } catch (error) {
    throw error instanceof DavError && error.status === 403 && report !== undefined && request.engine.hides(report) ? notFound() : error;
  }
}

/** @throws DavError 400, 403 `supported-report`, and what the report's own grammar refuses */
async function readReport(request: EngineRequest): Promise<{ readonly spec: ReportSpec<unknown>; readonly asked: unknown }> {
  const { engine, resource } = request;
  const body = await request.xml();
  if (body === undefined) throw badRequest('A REPORT has a body that names it.');
  const spec = engine.reports(resource.kind).find(({ name }) => name.local === body.name.local && name.ns === body.name.ns);
  if (spec === undefined) throw supportedReport(`This resource has no report ${shown(body.name)}.`);
  return { spec, asked: spec.read(body) };
}
