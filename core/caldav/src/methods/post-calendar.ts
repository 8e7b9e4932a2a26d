/**
 * POST to a calendar: what its body is decides what is meant. Calendar data: many new objects; a `multiput`: many changes (calendarserver-bulk-change). Each other
 * element that a body may have has one handler in the table.
 */
import type { DavRequest, MethodSpec } from '@kalends/contracts';
import { BIND, READ } from '@kalends/contracts';
import { badRequest, clark, ctagOfToken, engineOf, getctag } from '@kalends/webdav';
import type { EngineRequest } from '@kalends/webdav';
import { answerBulk } from '../bulk/answer-bulk.ts';
import type { Returned } from '../bulk/answer-bulk.ts';
import { MAX_BULK_OCTETS, ctagOk, mobileMe } from '../bulk/entry.ts';
import type { BulkEntry } from '../bulk/entry.ts';
import { readCrud } from '../bulk/read-crud.ts';
import { readSimple } from '../bulk/read-simple.ts';
import { BulkRun } from '../bulk/run-bulk.ts';
import type { BulkParts } from '../bulk/run-bulk.ts';
import { supportedCalendarData } from '../preconditions.ts';
import { CALENDAR_MEDIA } from '../query/read-calendar-data.ts';

type XmlBody = NonNullable<Awaited<ReturnType<EngineRequest['xml']>>>;
const XML: ReadonlySet<string> = new Set(['text/xml', 'application/xml']);

export function postCalendarSpecs(parts: BulkParts): readonly MethodSpec[] {
  const bodies: ReadonlyMap<string, (request: EngineRequest, body: XmlBody, ctag: string | undefined) => Promise<void>> = new Map([
    [clark(mobileMe('multiput')), async (request, body, ctag) => { await bulk(parts, request, await readCrud(request, body), ctag); }],
  ]);
  return [{
    // What else is needed depends on the body; nobody asks for many things in a calendar that he cannot see.
    method: 'POST', kinds: ['calendar'], requires: () => [{ on: 'self', privileges: READ }],
    handle: async (dav: DavRequest) => {
      const request = engineOf(dav);
      const { http } = request;
      const type = http.request.headers['content-type']?.split(';')[0]!.trim().toLowerCase() ?? '';
      const media = CALENDAR_MEDIA.find((one) => one === type);
      if (media === undefined && !XML.has(type)) throw supportedCalendarData();
      // Before the body is asked for (RFC 9110 §10.1.1), as a courtesy; the truth is told inside the change.
      const ctag = askedCtag(request);
      if (ctag !== undefined && ctag !== getctag(request.resource.collection!)) throw ctagOk();
      if (media !== undefined) {
        request.need(request.access, BIND, request.href);
        await bulk(parts, request, await readSimple(await request.body(MAX_BULK_OCTETS), media), ctag);
        return;
      }
      const body = await request.xml();
      const handle = body === undefined ? undefined : bodies.get(clark(body.name));
      if (body === undefined || handle === undefined) throw badRequest('This server knows no POST to a calendar with such a body.');
      await handle(request, body, ctag);
    },
  }];
}

async function bulk(parts: BulkParts, request: EngineRequest, entries: readonly BulkEntry[], ctag: string | undefined): Promise<void> {
  await answerBulk(request, parts.store, await new BulkRun(parts, request, ctag).run(entries), returned(request));
}

function returned({ fields, http }: EngineRequest): Returned {
  if (fields.prefer.representation) return 'all';
  const options = String(http.request.headers['x-mobileme-dav-options'] ?? '').toLowerCase().split(',').map((option) => option.trim());
  return options.includes('return-changed-data') ? 'changed' : 'none';
}

/**
 * calendarserver-bulk-change §6, RFC 6578 §5: what the If field says that the calendar is at, in a list or, as clients write it, as a URI without its parentheses.
 * @throws DavError 400
 */
function askedCtag({ fields }: EngineRequest): string | undefined {
  if (fields.ifUri !== undefined) {
    const ctag = ctagOfToken(fields.ifUri);
    if (ctag === undefined) throw badRequest('The If field is not made of lists.');
    return ctag;
  }
  for (const { resource, conditions } of fields.if ?? []) {
    for (const { token, not } of resource === undefined ? conditions : []) {
      const ctag = token === undefined || not ? undefined : ctagOfToken(token);
      if (ctag !== undefined) return ctag;
    }
  }
  return undefined;
}
