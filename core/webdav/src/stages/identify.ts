/** Stage 2: who asks? A refusal (a proof that failed, a gate that says no) ends the request here. */
import { isRefusal } from '@kalends/http';
import type { Authentication, Refusal } from '@kalends/http';
import { DavError } from '../errors/dav-error.ts';
import type { Admitted, Identified, Stage } from './passage.ts';

export function identifyBy(authentication: Authentication): Stage<Admitted, Identified> {
  return async (passage) => {
    const outcome = await authentication.identify(passage.http);
    if (isRefusal(outcome)) throw refused(passage, outcome);
    return { ...passage, identity: outcome };
  };
}

function refused({ http }: Admitted, { challenges, status = 401, retryAfterSeconds }: Refusal): DavError {
  if (status === 401 && challenges.length > 0) http.response.setHeader('WWW-Authenticate', challenges);
  return new DavError(status, {
    detail: TOLD[status], ...(retryAfterSeconds === undefined ? {} : { headers: { 'Retry-After': String(Math.ceil(retryAfterSeconds)) } }),
  });
}

const TOLD: Readonly<Record<NonNullable<Refusal['status']>, string>> = {
  401: 'Name or password are not right.', 403: 'You may not use this service.', 429: 'Too many attempts: wait a little.', 503: 'Nobody can be identified at present: try again.',
};
