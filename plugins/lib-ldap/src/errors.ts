/**
 * Two things that can go wrong, which callers must not take for "nobody is there": the directory was not reached (ask again, elsewhere, later), and it was
 * reached and will not answer (its admin must act).
 */
import {
  AdminLimitExceededError, BusyError, InvalidCredentialsError, ResultCodeError, StrongAuthRequiredError, TimeLimitExceededError, UnavailableError,
} from 'ldapts';

/** No server could be reached, or a connection broke. */
export class LdapUnreachable extends Error {
  override readonly name = 'LdapUnreachable';
}
/** A server answered with a refusal: the reading account's password, access rights, a limit. */
export class LdapRefused extends Error {
  override readonly name = 'LdapRefused';
}

/** Whether another server, or the same a moment later, may do better. */
export function mayPass(error: unknown): boolean {
  return !(error instanceof ResultCodeError) || error instanceof BusyError || error instanceof UnavailableError;
}

const STRANGE = 'the directory\'s certificate is signed by an authority that is not in `ca`, nor one of the system\'s where there is none';
/** What Node calls it, and what to do. */
const SENTENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; is the directory running, and is it the right port?', ENOTFOUND: 'there is no such host: see url, and DNS', EHOSTUNREACH: 'there is no way to the host: see url, and the network',
  ETIMEDOUT: 'no answer: see url, and the firewall', SELF_SIGNED_CERT_IN_CHAIN: STRANGE, UNABLE_TO_VERIFY_LEAF_SIGNATURE: STRANGE, UNABLE_TO_GET_ISSUER_CERT: STRANGE, UNABLE_TO_GET_ISSUER_CERT_LOCALLY: STRANGE,
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the directory\'s certificate is signed by itself; let `ca` name that certificate', CERT_HAS_EXPIRED: 'the directory\'s certificate has expired', CERT_NOT_YET_VALID: 'the directory\'s certificate is not valid yet: see the clocks',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the directory\'s certificate is for another name; use that in url, or say server-name', EPROTO: 'the directory does not speak TLS there; ldaps:// has a port of its own, 636',
};

/** In words for a log; never holds a password, for no request is in it. */
export function sentenceOf(error: unknown): string {
  if (error instanceof InvalidCredentialsError) return 'the directory refuses the bind-dn or its password';
  if (error instanceof StrongAuthRequiredError) return 'the directory takes no password over a connection that is not encrypted; use ldaps:// or start-tls';
  if (error instanceof AdminLimitExceededError || error instanceof TimeLimitExceededError) return `the directory gave a search up: ${error.message.trim()}`;
  if (!(error instanceof Error)) return String(error);
  const known = 'code' in error ? SENTENCES[String(error.code)] : undefined;
  if (known !== undefined) return `${known} (${error.message.trim() || String('code' in error && error.code)})`;
  if (error instanceof ResultCodeError && /unsupported extended operation|extended operation.*not supported/i.test(error.message)) return `the directory speaks no StartTLS; use ldaps://, or start-tls: false where nobody can listen (${error.message.trim()})`;
  if (/before secure TLS connection/.test(error.message)) return `the directory ends the connection instead of speaking TLS; ldaps:// has a port of its own, 636 (${error.message.trim()})`;
  const code = 'code' in error && typeof error.code === 'string' && !error.message.includes(error.code) ? ` (${error.code})` : '';
  return `${error.message.trim() || error.name}${code}`;
}
