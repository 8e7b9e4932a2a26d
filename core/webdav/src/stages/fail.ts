/**
 * Whatever ends a request early becomes an answer here. What a client did is 4xx with a sentence; what we did is 500 with an id, and the rest in the log. Once
 * octets are out, the connection ends without a closing tag.
 */
import { DirectoryUnavailable } from '@kalends/contracts';
import { ClientGone } from '@kalends/http';
import type { Authentication } from '@kalends/http';
import { DavError } from '../errors/dav-error.ts';
import { GONE, fromStore } from '../errors/from-store.ts';
import { writeError } from '../errors/write-error.ts';
import { Answered, NeedsIdentity } from './passage.ts';
import type { Arrived } from './passage.ts';

export async function fail({ http, engine }: Arrived, thrown: unknown, authentication: Authentication): Promise<void> {
  if (thrown instanceof Answered) return;
  const { response } = http;
  if (thrown instanceof ClientGone || response.destroyed) {
    response.destroy();
    return;
  }
  const error = thrown instanceof DirectoryUnavailable ? new DavError(503, { detail: 'The directory cannot be asked at present: try again.', headers: { 'Retry-After': '5' } }) : fromStore(thrown, MAKES.has(http.request.method ?? '') ? {} : GONE);
  const known = error instanceof DavError || error instanceof NeedsIdentity;
  if (!known || (error instanceof DavError && error.status === 500)) {
    engine.log.error('a request failed', { request: http.id, method: http.request.method, path: http.path, error: told(error) });
  }
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (error instanceof NeedsIdentity) {
    const challenges = await authentication.challenge(http);
    if (challenges.length > 0) response.setHeader('WWW-Authenticate', challenges);
    writeError(http, new DavError(401, { detail: 'Log in first.' }));
    return;
  }
  writeError(http, error instanceof DavError ? error : new DavError(500, { detail: 'Something failed here; the log says what.' }));
}

/** To them a collection that is gone is the one that should have held the new. */
const MAKES: ReadonlySet<string> = new Set(['PUT', 'POST', 'MKCOL', 'MKCALENDAR', 'COPY', 'MOVE']);

function told(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.stack}\ncaused by ${error.cause.stack}` : error.stack ?? error.message;
}
