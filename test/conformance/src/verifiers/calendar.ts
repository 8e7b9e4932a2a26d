/** Verifiers of calendar data and of free-busy answers (RFC 5545, RFC 7265, RFC 4791 §7.10, RFC 6638 §5). */
import { given, headerLines, wrongStatus } from '../answer.ts';
import type { Verification, Verifier } from '../answer.ts';
import { normalText, parseCalendar, parseJcal, periodText, reconcile, without } from '../calendar-text.ts';
import type { CalendarNode } from '../calendar-text.ts';
import { elementsOf, parseXml, textOf } from '../xml-tree.ts';
import { differences, theFile } from './http.ts';

const FREE_BUSY = { busy: 'BUSY', tentative: 'BUSY-TENTATIVE', unavailable: 'BUSY-UNAVAILABLE' } as const;
const CALDAV = '{urn:ietf:params:xml:ns:caldav}';

/**
 * `filepath`: the body means what that file means, apart from what the server's description and `filter` drop (`!NAME` keeps one after all). `status`: default
 * 200, 201, 207. `doTimezones`: whether VTIMEZONEs count; default where the server does not know `timezones-by-reference`.
 */
export const calendarDataMatch: Verifier = (verification) => sameCalendar(verification, parseCalendar);
/** The same for jCal. */
export const jcalDataMatch: Verifier = (verification) => sameCalendar(verification, parseJcal);

async function sameCalendar(verification: Verification, read: (text: string) => CalendarNode): Promise<readonly string[]> {
  const { answer, info, values } = verification;
  if (!(values.get('status') ?? ['200', '201', '207']).includes(String(answer.status))) return wrongStatus(verification);
  if (answer.body === '') return ['no body'];
  const asked = given(verification, 'filter');
  const filters = [...(info.features.has('EMAIL parameter') ? [] : ['ATTENDEE:EMAIL', 'ORGANIZER:EMAIL']), ...info.calendarFilters, ...asked]
    .filter((one) => !one.startsWith('!') && !asked.includes(`!${one}`));
  const timezones = values.has('doTimezones') ? given(verification, 'doTimezones')[0] === 'true' : !info.features.has('timezones-by-reference');
  const file = theFile(verification);
  const expected = without(read(await verification.readFile(file)), filters, timezones);
  const [left, right] = reconcile(expected, without(read(answer.body), filters, timezones)).map((node) => normalText(node)) as [string, string];
  return left === right ? [] : [`the calendar data are not those of ${file}`, ...differences(left, right)];
}

function freeBusyOf(calendar: CalendarNode): CalendarNode {
  const components = calendar.components.filter((one) => one.name === 'VFREEBUSY');
  if (components.length !== 1) throw new Error(`${components.length} VFREEBUSY`);
  return components[0]!;
}

function comparePeriods(verification: Verification, freeBusy: CalendarNode): readonly string[] {
  const got = freeBusy.lines.filter((line) => line.name === 'FREEBUSY')
    .flatMap((line) => line.value.split(',').map((period) => ({ type: line.parameters.get('FBTYPE')?.[0] ?? 'BUSY', period: periodText(period) })));
  return Object.entries(FREE_BUSY).flatMap(([argument, type]) => {
    const expected = [...given(verification, argument)].sort().join(' ');
    const is = got.filter((one) => one.type === type).map((one) => one.period).sort().join(' ');
    return expected === is ? [] : [`${type} is ${is || 'nothing'}, expected ${expected || 'nothing'}`];
  });
}

/** `busy`, `tentative`, `unavailable`: exactly these periods (`start/end`) in the one VFREEBUSY. */
export const freeBusy: Verifier = (verification) => {
  if (verification.answer.status !== 200) return wrongStatus(verification);
  return comparePeriods(verification, freeBusyOf(parseCalendar(verification.answer.body)));
};

/** The same for the answer about `attendee` in a `schedule-response`. `events`: so many VEVENTs beside it. */
export const postFreeBusy: Verifier = (verification) => {
  const { answer, values } = verification;
  if (answer.status !== 200) return wrongStatus(verification);
  const attendees = given(verification, 'attendee');
  for (const data of elementsOf(parseXml(answer.body), `${CALDAV}response`).flatMap((response) => elementsOf(response, `${CALDAV}calendar-data`))) {
    const calendar = parseCalendar(textOf(data));
    const component = freeBusyOf(calendar);
    if (!component.lines.some((line) => line.name === 'ATTENDEE' && attendees.includes(line.value))) continue;
    const events = calendar.components.filter((one) => one.name === 'VEVENT').length;
    const expected = given(verification, 'events')[0];
    return [...comparePeriods(verification, component), ...(values.has('events') && events !== Number(expected) ? [`${events} VEVENT, expected ${expected!}`] : [])];
  }
  return [`no data about ${attendees.join(', ')}`];
};

/**
 * `exists`, `notexists`: JSON pointers (RFC 6901) in which `.` is any member; `~$text` in the end asks that one of the values is this. `status`: default 200.
 */
export const jsonPointerMatch: Verifier = (verification) => {
  const { answer, values } = verification;
  if (!(values.get('status') ?? ['200']).includes(String(answer.status))) return wrongStatus(verification);
  const type = (headerLines(answer, 'content-type')[0] ?? '').split(';')[0]!.trim();
  if (type !== 'application/json' && !type.endsWith('+json')) return [`the content type is ${type || 'absent'}`];
  const root = JSON.parse(answer.body) as unknown;
  const at = (pointer: string): readonly unknown[] => walk(root, pointer.slice(1).split('/').filter((step) => step !== '').map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~')));
  return [
    ...given(verification, 'exists').flatMap((expected) => {
      const [pointer, value] = expected.split('~$') as [string, string?];
      const found = at(pointer);
      if (found.length === 0) return [`nothing at ${pointer}`];
      return value === undefined || value === '' || found.some((one) => String(one) === value) ? [] : [`${value} is not at ${pointer}`];
    }),
    ...given(verification, 'notexists').filter((pointer) => at(pointer.split('~$')[0]!).length > 0).map((pointer) => `there is ${pointer}`),
  ];
};

function walk(value: unknown, [step, ...rest]: readonly string[]): readonly unknown[] {
  if (step === undefined) return [value];
  if (typeof value !== 'object' || value === null) return [];
  if (step === '.') return Object.values(value).flatMap((one) => walk(one, rest));
  const key = Array.isArray(value) && step === '-' ? String(value.length - 1) : step;
  return Object.hasOwn(value, key) ? walk((value as Record<string, unknown>)[key], rest) : [];
}
