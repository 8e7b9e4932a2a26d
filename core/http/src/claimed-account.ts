/**
 * Whom the client says it is, for counting failures only, before anybody looks at what it says: the account that the authenticators will read, however it is
 * spelled, so that neither another spelling nor a name in another place is counted apart.
 */
import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** RFC 9110 §11.4, one right after another: what stands in the value of another parameter is no name, and behind a broken one nobody reads on. */
const PARAMETER = /[\s,]*([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/gsy;

/** Names are kept for a quarter of an hour; made-up ones of a header's length would fill the memory. */
const MOST_CHARACTERS = 200;

/** Undefined where the scheme does not say it in the clear. */
export function claimedAccount({ authorization: field = '' }: IncomingHttpHeaders): string | undefined {
  const account = /^basic\s/i.test(field) ? Buffer.from(field.slice('basic '.length), 'base64').toString('latin1').split(':', 1)[0] : /^digest\s/i.test(field) ? inDigest(field) : undefined;
  if (account === undefined) return undefined;
  const name = folded(account);
  return name.length > MOST_CHARACTERS ? hash('sha256', name, 'base64url') : name;
}

/**
 * Directories compare without case, without regard to the number of spaces (RFC 4518 §2.6.1) and to the looks of a letter (wide, circled, bold: §2.3), and Active
 * Directory without accents. Two accounts counted as one harm nobody.
 */
function folded(octets: string): string {
  const raw = Buffer.from(octets, 'latin1');
  const text = isUtf8(raw) ? raw.toString('utf8') : octets;
  return text.normalize('NFKD').replaceAll(/[\p{M}\p{Cf}]/gu, '').toLowerCase().trim().replaceAll(/\s+/g, ' ');
}

/** `username`, or `username*` (RFC 7616 §3.4.4), in the octets of the field. */
function inDigest(field: string): string | undefined {
  for (const [, name, quoted, token] of field.slice('digest '.length).matchAll(PARAMETER)) {
    if (name?.toLowerCase() === 'username') return (quoted ?? token)?.replaceAll(/\\(.)/gs, '$1');
    if (name?.toLowerCase() === 'username*') return (quoted ?? token)?.replace(/^[^']*'[^']*'/, '').replaceAll(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  }
  return undefined;
}
