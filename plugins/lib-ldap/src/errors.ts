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

/** In words for a log; never holds a password, for no request is in it. */
export function sentenceOf(error: unknown): string {
  if (error instanceof InvalidCredentialsError) return 'the directory refuses the bind-dn or its password';
  if (error instanceof StrongAuthRequiredError) return 'the directory takes no password over a connection that is not encrypted; use ldaps:// or start-tls';
  if (error instanceof AdminLimitExceededError || error instanceof TimeLimitExceededError) return `the directory gave a search up: ${error.message.trim()}`;
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' && !error.message.includes(error.code) ? ` (${error.code})` : '';
  return `${error.message.trim() || error.name}${code}`;
}
