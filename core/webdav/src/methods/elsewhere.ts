/**
 * What is hosted on another server (R43): whatever the method, 307 to the same place there (RFC 9110 §15.4.8), for whoever may know that it exists. Nothing is
 * looked at here: no condition of the request, no body, no store.
 */
import type { DavRequest, DavResource, MethodSpec } from '@kalends/contracts';
import { READ } from '@kalends/contracts';
import { engineOf } from '../engine.ts';
import { DavError } from '../errors/dav-error.ts';

export const elsewhereSpec: MethodSpec = { method: '', kinds: [], refuses: true, requires: () => [{ on: 'self', privileges: READ }], handle: sendThere };

async function sendThere(given: DavRequest): Promise<void> {
  const { http: { request }, resource, engine } = engineOf(given);
  const url = resource.elsewhere?.url;
  if (url === undefined) throw unknownPlace();
  const { host } = new URL(url);
  if (host === request.headers.host?.toLowerCase()) {
    // The request came to that very name: sent there, it would come again.
    engine.log.error('calendars are said to be on a server that is reached here: is it this one\'s server.public-url?', { server: host, public: engine.deployment.publicUrl.host });
    throw unknownPlace();
  }
  const target = request.url ?? '';
  const query = target.indexOf('?');
  throw new DavError(307, { detail: 'These calendars are on another server.', headers: { Location: query < 0 ? url : url + target.slice(query) } });
}

/** RFC 4918 §9.8.5, §9.9.4: the other end of a COPY or MOVE is another server's. */
export function demandHere({ elsewhere }: DavResource): void {
  if (elsewhere !== undefined) throw new DavError(502, { detail: 'The destination is on another server.' });
}

function unknownPlace(): DavError {
  return new DavError(503, { detail: 'It cannot be told which server has these calendars; the log says more.', headers: { 'Retry-After': '60' } });
}
