/**
 * The service as an HTTP feature: finds the action that a path names, answers with what it says, or with why not. Nothing here depends on who asks, and nothing can be
 * changed.
 */
import type { HttpExchange } from '@kalends/contracts';
import type { OutgoingHttpHeaders } from 'node:http';
import { capabilities } from './capabilities.ts';
import { expandZone } from './expand-zone.ts';
import { getZone } from './get-zone.ts';
import { listLeapSeconds } from './list-leap-seconds.ts';
import { ZoneList } from './list-zones.ts';
import { Problem } from './problem.ts';
import type { ZoneAnswer, ZoneRequest } from './zone-request.ts';

const ALLOWED = 'GET, HEAD, OPTIONS';
/** Zones change some times a year; clients ask once a day (RFC 7808 §5.2). */
const KEEP_SECONDS = 3600;

export class TimeZoneService {
  readonly kind = 'exchange';
  readonly prefix: string;
  readonly #zones = new ZoneList();

  constructor(path: string) {
    this.prefix = path;
  }

  async handle(exchange: HttpExchange): Promise<void> {
    const { request } = exchange;
    // Nothing that is sent here is read.
    request.resume();
    const method = request.method ?? '';
    if (method === 'OPTIONS') return send(exchange, 204, { Allow: ALLOWED });
    if (method !== 'GET' && method !== 'HEAD') return sendJson(exchange, 405, { title: `${method} is not possible here.`, status: 405 }, { Allow: ALLOWED });
    try {
      const target = request.url ?? '';
      const question = target.indexOf('?');
      const answer = await this.#act(exchange.path.slice(this.prefix.length), {
        query: new URLSearchParams(question < 0 ? '' : target.slice(question + 1)), accept: request.headers.accept,
      });
      sendAnswer(exchange, answer);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      sendJson(exchange, error.status, error.body);
    }
  }

  /** RFC 7808 §5; `/observances/{tzid}` is where the drafts had what is `/zones/{tzid}/observances` now. @throws Problem */
  async #act(path: string, request: ZoneRequest): Promise<ZoneAnswer> {
    const [action = '', tzid, part, ...more] = segmentsOf(path);
    if (more.length === 0) {
      if (action === 'zones') {
        if (tzid === undefined) return request.query.has('pattern') ? this.#zones.find(request) : this.#zones.list(request);
        if (part === undefined) return getZone(tzid, request);
        if (part === 'observances') return expandZone(tzid, request);
      }
      if (action === 'observances' && tzid !== undefined && part === undefined) return expandZone(tzid, request);
      if (action === 'capabilities' && tzid === undefined) return capabilities(this.prefix);
      if (action === 'leapseconds' && tzid === undefined) return listLeapSeconds();
    }
    throw new Problem('invalid-action', `There is no such action: ${this.prefix}/capabilities lists what there is.`);
  }
}

/** Decoded; a final slash counts for nothing. @throws Problem */
function segmentsOf(path: string): readonly string[] {
  try {
    return path.replace(/^\/|\/$/g, '').split('/').map(decodeURIComponent);
  } catch {
    throw new Problem('invalid-action', 'The path cannot be read.');
  }
}

function sendAnswer(exchange: HttpExchange, { type, body, tag, weak, negotiated }: ZoneAnswer): void {
  const headers = {
    ETag: `${weak === true ? 'W/' : ''}"${tag}"`, 'Cache-Control': `public, max-age=${String(KEEP_SECONDS)}`, ...(negotiated === true ? { Vary: 'Accept' } : {}),
  };
  if (isHeld(exchange.request.headers['if-none-match'], tag)) send(exchange, 304, headers);
  else send(exchange, 200, { 'Content-Type': type, ...headers }, body);
}

/** RFC 9110 §13.1.2: by weak comparison. */
function isHeld(field: string | undefined, tag: string): boolean {
  return field !== undefined && (field.trim() === '*' || field.split(',').some((one) => one.trim().replace(/^W\//, '') === `"${tag}"`));
}

function sendJson(exchange: HttpExchange, status: number, value: object, headers: OutgoingHttpHeaders = {}): void {
  send(exchange, status, { 'Content-Type': 'application/problem+json; charset=utf-8', ...headers }, JSON.stringify(value));
}

function send({ request, response }: HttpExchange, status: number, headers: OutgoingHttpHeaders, body?: string | Uint8Array): void {
  response.writeHead(status, body === undefined ? headers : { ...headers, 'Content-Length': Buffer.byteLength(body) });
  response.end(request.method === 'HEAD' ? undefined : body);
}
