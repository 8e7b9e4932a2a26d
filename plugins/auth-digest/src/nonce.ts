/**
 * Nonces without a table: time, host and six random octets under an HMAC whose key all processes of the deployment share, so any of them recognises what
 * another one issued. Two clients challenged in one second must not share a nonce (their counters would collide): hence the random part.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { EpochSeconds } from '@kalends/contracts';

export interface Nonce { readonly issued: EpochSeconds; /** First four octets of a hash of the host's id. */ readonly host: string }

const TAG_OCTETS = 16;

export function issueNonce(key: Uint8Array, host: string, now: EpochSeconds): string {
  const body = `${now.toString(36)}.${host}.${randomBytes(6).toString('base64url')}`;
  return `${body}.${tag(key, body)}`;
}

/** Undefined for what this deployment never issued. Costs about 10 µs, so callers remember the answer for as long as the nonce lives. */
export function readNonce(key: Uint8Array, nonce: string): Nonce | undefined {
  const end = nonce.lastIndexOf('.');
  if (end < 0) return undefined;
  const body = nonce.slice(0, end);
  const expected = Buffer.from(tag(key, body));
  const given = Buffer.from(nonce.slice(end + 1));
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) return undefined;
  const [issued, host] = body.split('.');
  return { issued: Number.parseInt(issued ?? '', 36), host: host ?? '' };
}

function tag(key: Uint8Array, body: string): string {
  return createHmac('sha256', key).update(body).digest().subarray(0, TAG_OCTETS).toString('base64url');
}
