/**
 * The ctag of a collection (calendarserver.org getctag): the part of its sync token after the comma, for clients that look at no more; and as a state token of
 * the If field (calendarserver-bulk-change §6).
 */
import type { Collection } from '@kalends/contracts';
import { SYNC_TOKEN_SCHEME, syncToken } from './shape.ts';

const CTAG_TOKEN = 'http://me.com/_namespace/ctag/';

export function getctag(collection: Collection): string {
  return syncToken(collection).slice(SYNC_TOKEN_SCHEME.length);
}

export function ctagToken(collection: Collection): string {
  return CTAG_TOKEN + getctag(collection);
}

/** The getctag that a state token of the If field claims, as such or as a sync token (RFC 6578 §5); undefined: it is about something else. */
export function ctagOfToken(token: string): string | undefined {
  const start = [CTAG_TOKEN, SYNC_TOKEN_SCHEME].find((one) => token.startsWith(one));
  return start === undefined ? undefined : token.slice(start.length);
}
