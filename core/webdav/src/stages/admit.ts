/** Stage 1: is it a method we know, and do its header fields make sense? Parses each field once. */
import { DavError } from '../errors/dav-error.ts';
import { readFields } from '../fields.ts';
import type { Admitted, Arrived } from './passage.ts';

export function admit(passage: Arrived): Promise<Admitted> {
  const { engine, method, http } = passage;
  if (!engine.known.has(method)) {
    const known = [...engine.known].join(', ');
    // Bindings and the like exist in HTTP, but not here: 405. What nobody ever heard of: 501.
    throw new DavError(WELL_KNOWN.has(method) ? 405 : 501, { detail: `${method} is not a method of this server.`, headers: { Allow: known } });
  }
  const length = http.request.headers['content-length'];
  if (length !== undefined && !/^\d{1,15}$/.test(length)) throw new DavError(400, { detail: 'The Content-Length is not a number.' });
  return Promise.resolve({ ...passage, fields: readFields(http.request.headers) });
}

const WELL_KNOWN: ReadonlySet<string> = new Set([
  'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'OPTIONS', 'PROPFIND', 'PROPPATCH', 'MKCOL', 'MKCALENDAR', 'COPY', 'MOVE', 'LOCK', 'UNLOCK', 'ACL', 'REPORT',
  'SEARCH', 'BIND', 'UNBIND', 'REBIND',
]);
