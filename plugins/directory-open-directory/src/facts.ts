/** What entries say beyond who they are: enabled, locked, how a room answers, its delegates, a group's calendar. Everything that they do not say is for augments. */
import type { Principal, PrincipalId, ScheduleMode } from '@kalends/contracts';
import type { LdapEntry, RecordFacts } from '@kalends/lib-ldap';
import type { GroupFields, PlaceFields, UserFields } from './config.ts';
import { readResourceInfo } from './resource-info.ts';
import type { ResourceInfo } from './resource-info.ts';

type When = NonNullable<UserFields['enabled']>;
/** Neither OpenLDAP nor 389 ends such a lock by itself (draft-behera-ldap-password-policy §5.3.3). */
const FOR_EVER = '000001010000Z';

/** Attributes that the functions below read. */
export function factAttributes(fields: UserFields & GroupFields & PlaceFields): readonly string[] {
  const { enabled, disabled, expires, locked, server, quota, schedule, delegates, calendar } = fields;
  return [
    enabled?.attribute, disabled?.attribute, expires, locked, server, quota, schedule?.['mode-attribute']?.attribute, schedule?.['accept-group'], schedule?.capacity,
    schedule?.['resource-info'], delegates?.read, delegates?.write, calendar?.when?.attribute, calendar?.owners,
  ].filter((attribute) => attribute !== undefined);
}

/** `now`: seconds since 1970. */
export function userFacts(fields: UserFields, entry: LdapEntry, now: number): RecordFacts {
  const facts = anyFacts(fields, entry);
  const end = fields.expires === undefined ? undefined : generalizedTime(entry.text(fields.expires) ?? '');
  return { ...facts, enabled: facts.enabled && (end === undefined || now < end), locked: isLocked(fields, entry, now) };
}

export function groupFacts(fields: GroupFields, entry: LdapEntry): RecordFacts {
  const { calendar } = fields;
  const facts = anyFacts(fields, entry);
  if (calendar === undefined || !has(calendar.when, entry)) return facts;
  const owners = calendar.owners === undefined ? [] : entry.texts(calendar.owners) as readonly PrincipalId[];
  return { ...facts, groupCalendar: { members: calendar.members, owners } };
}

export function placeFacts(fields: PlaceFields, entry: LdapEntry): RecordFacts {
  const { schedule = {}, delegates = {} } = fields;
  const text = schedule['resource-info'] === undefined ? undefined : entry.text(schedule['resource-info']);
  const info = text === undefined ? undefined : readResourceInfo(text);
  const acceptGroup = schedule['accept-group'] === undefined ? undefined : entry.text(schedule['accept-group']) as PrincipalId | undefined;
  const capacity = schedule.capacity === undefined ? undefined : wholeNumber(entry.text(schedule.capacity));
  const ids = (attribute: string | undefined, given: readonly string[] = []): readonly PrincipalId[] =>
    [...new Set([...(attribute === undefined ? [] : entry.texts(attribute)), ...given])] as readonly string[] as readonly PrincipalId[];
  const [read, write] = [ids(delegates.read, info?.read), ids(delegates.write, info?.write)];
  return {
    ...anyFacts(fields, entry),
    schedule: { mode: modeOf(schedule, info, entry), ...(acceptGroup === undefined ? {} : { acceptGroup }), ...(capacity === undefined || capacity < 1 ? {} : { capacity }) },
    ...(read.length + write.length === 0 ? {} : { delegates: { read, write } }),
  };
}

function modeOf(schedule: NonNullable<PlaceFields['schedule']>, info: ResourceInfo | undefined, entry: LdapEntry): ScheduleMode {
  const rules = schedule['mode-attribute'];
  const value = rules === undefined ? undefined : entry.text(rules.attribute)?.toLowerCase();
  const ruled = Object.entries(rules?.values ?? {}).find(([key]) => key.toLowerCase() === value)?.[1];
  if (ruled !== undefined) return ruled;
  if (info?.autoAccepts !== undefined) return info.autoAccepts ? 'automatic' : 'none';
  return schedule.mode ?? 'automatic';
}

function anyFacts({ enabled, disabled, server, quota }: UserFields & GroupFields & PlaceFields, entry: LdapEntry): RecordFacts {
  const host = server === undefined ? undefined : entry.text(server);
  const octets = quota === undefined ? undefined : wholeNumber(entry.text(quota));
  const facts: Pick<Principal, 'enabled' | 'locked'> = { enabled: (enabled === undefined || has(enabled, entry)) && !has(disabled, entry), locked: false };
  return { ...facts, ...(host === undefined ? {} : { server: host }), ...(octets === undefined ? {} : { quotaOctets: octets }) };
}

function has(when: When | undefined, entry: LdapEntry): boolean {
  if (when === undefined) return false;
  const values = new Set(entry.texts(when.attribute).map((value) => value.toLowerCase()));
  return when.values.some((value) => values.has(value.toLowerCase()));
}

function isLocked({ locked, 'lockout-seconds': seconds }: UserFields, entry: LdapEntry, now: number): boolean {
  const since = locked === undefined ? undefined : entry.text(locked);
  if (since === undefined) return false;
  if (since === FOR_EVER) return true;
  // 389 tells when the lock ends, and 0 for never; everybody else when it began.
  const at = generalizedTime(since);
  if (locked?.toLowerCase() === 'accountunlocktime') return at === undefined || at > now;
  return seconds === undefined || at === undefined || now < at + seconds;
}

/** RFC 4517 §3.3.13 in UTC, to the second; undefined: anything else, the beginning of time among it. */
function generalizedTime(text: string): number | undefined {
  const [, year, month, day, hour, minute = '00', second = '00'] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)?(\d\d)?(?:[.,]\d+)?Z$/.exec(text) ?? [];
  const time = Date.parse(`${String(year)}-${String(month)}-${String(day)}T${String(hour)}:${minute}:${second}Z`) / 1000;
  return Number.isNaN(time) || time <= 0 ? undefined : time;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
