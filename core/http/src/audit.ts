/**
 * Requests that used a right over what is another's, as entries of the audit log. Whoever serves a request notes the right on its exchange (exchange.ts); the entry is
 * made when the answer is out, so that it has its status.
 */
import type { RequestAudit } from '@kalends/contracts';
import type { Exchange } from './exchange.ts';

/** `now`: milliseconds since the epoch. One entry for each owner. */
export function auditEntries(exchange: Exchange, now: number): readonly RequestAudit[] {
  const { request, response, client: { address }, account = '', id, path, rights } = exchange;
  const { destination } = request.headers;
  return rights.map((right) => ({
    time: now, ...right, account, method: request.method ?? '', path, ...(destination === undefined ? {} : { destination: withoutQuery(String(destination)) }),
    status: response.headersSent ? response.statusCode : 499, address, request: id,
  }));
}

/** Tokens in a query are secrets. */
function withoutQuery(target: string): string {
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}
