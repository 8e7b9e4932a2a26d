/** What an account's attributes say about whether it may be used now (MS-ADTS §2.2.16, §3.1.1.4.5.17). */
import type { LdapEntry, RecordFacts } from '@kalends/lib-ldap';

export const ACCOUNT_ATTRIBUTES = ['userAccountControl', 'msDS-User-Account-Control-Computed', 'lockoutTime', 'accountExpires'] as const;

const DISABLED = 0x2;
const LOCKED = 0x10;
/** 100 ns each, since 1601-01-01. */
const TICKS_A_SECOND = 10_000_000n;
const EPOCH_SECONDS = 11_644_473_600n;
const NEVER = 0x7fff_ffff_ffff_ffffn;

/** `now`: seconds since 1970. */
export function accountFacts(entry: LdapEntry, now: number): Pick<RecordFacts, 'enabled' | 'locked'> {
  // Every account has it: where it is not seen, the reading account may not see it, and nobody can tell who is disabled.
  const control = Number(entry.text('userAccountControl') ?? DISABLED);
  return { enabled: (control & DISABLED) === 0 && !hasExpired(entry.text('accountExpires'), now), locked: isLocked(entry) };
}

/** The computed attribute knows when a lock has ended by itself; lockoutTime stays until the next log-in. */
function isLocked(entry: LdapEntry): boolean {
  const computed = entry.text('msDS-User-Account-Control-Computed');
  if (computed !== undefined) return (Number(computed) & LOCKED) !== 0;
  return (entry.text('lockoutTime') ?? '0') !== '0';
}

function hasExpired(text: string | undefined, now: number): boolean {
  if (text === undefined || !/^\d+$/.test(text)) return false;
  const ticks = BigInt(text);
  return ticks !== 0n && ticks !== NEVER && Number(ticks / TICKS_A_SECOND - EPOCH_SECONDS) <= now;
}
