/** Both steps over the memory directory; their effect on PUT and GET is told by the conformance suite. */
import type { DavResource, ItemDraft, Principal, WriteContext, WriteStep } from '@kalends/contracts';
import { CalendarObject, readObject } from '@kalends/icalendar';
import { group, memoryDirectory, person, room } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { addressStep } from './address-step.ts';
import { modifiedByStep } from './modified-by-step.ts';

const amy: Principal = { ...person('amy'), displayName: 'Amy; the "First"', emails: ['amy@example.test', 'a.m@example.test'], addresses: ['mailto:amy@example.test', 'mailto:a.m@example.test'] };
const nobody: Principal = { ...person('nameless'), displayName: '', emails: [], addresses: ['urn:uuid:nameless'] };
const hall: Principal = { ...room('hall'), displayName: 'Hall', addresses: ['mailto:hall@example.test'], emails: ['hall@example.test'] };
const directory = memoryDirectory([amy, nobody, hall, { ...group('team'), displayName: 'Team', emails: [], addresses: ['urn:uuid:team'] }]);

function objectOf(...lines: readonly string[]): CalendarObject {
  const text = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//EN', 'BEGIN:VEVENT', 'UID:1', 'DTSTAMP:20260101T000000Z', 'DTSTART:20260102T100000Z', ...lines, 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n');
  return readObject(Buffer.from(text), { now: 0, rules: { components: ['VEVENT'] }, format: 'text' }).object!;
}
const draftOf = (after: CalendarObject | undefined): ItemDraft => ({ from: undefined, to: undefined, before: undefined, after, personal: undefined, jobs: [], scheduleTag: 'none', silent: false, amended: false });
const contextOf = (principal: Principal | undefined, owner: Principal): WriteContext => ({
  identity: { principal: principal?.id, groups: new Set(), admin: false, scheme: 'test' }, resource: { owner: owner.id } as DavResource, headers: {},
});
async function stored<P>(step: WriteStep<P>, after: CalendarObject, context = contextOf(amy, amy)): Promise<{ readonly lines: readonly string[]; readonly amended: boolean }> {
  const draft = draftOf(after);
  const applied = step.apply(draft, await step.prepare(draft, context), context);
  if (applied === 'prepare-again') throw new Error('prepared in vain');
  const text = new TextDecoder().decode((applied.after as CalendarObject).octets).replaceAll(/\r\n[ \t]/g, '');
  return { lines: text.split('\r\n').filter((line) => /^(ORGANIZER|ATTENDEE|VOTER|X-CALENDARSERVER-MODIFIED-BY)/.test(line)), amended: applied.amended };
}

describe('canonical addresses', () => {
  const step = addressStep(directory);

  it('are those of people, groups and rooms that the directory knows, by whatever address', async () => {
    const { lines, amended } = await stored(step, objectOf('ORGANIZER;CN=Somebody:MAILTO:A.M@example.test', 'ATTENDEE;PARTSTAT=ACCEPTED;CUTYPE=INDIVIDUAL:mailto:hall@example.test', 'ATTENDEE;ROLE=CHAIR:urn:uuid:team', 'ATTENDEE;CN=Old;EMAIL=old@example.test:urn:uuid:nameless'));
    expect(lines).toEqual([
      `ORGANIZER;CN="Amy; the ^'First^'";EMAIL=A.M@example.test:urn:x-uid:${amy.id}`,
      `ATTENDEE;PARTSTAT=ACCEPTED;CUTYPE=ROOM;CN=Hall;EMAIL=hall@example.test:urn:x-uid:${hall.id}`,
      expect.stringMatching(/^ATTENDEE;ROLE=CHAIR;CN=Team;CUTYPE=GROUP:urn:x-uid:/) as string,
      `ATTENDEE:urn:x-uid:${nobody.id}`,
    ]);
    expect(amended).toBe(true);
  });

  it('keep an EMAIL that is one of theirs, and replace one that is not', async () => {
    const { lines } = await stored(step, objectOf('ATTENDEE;EMAIL=a.m@example.test:mailto:amy@example.test', 'ATTENDEE;EMAIL=spy@example.test:urn:uuid:none', 'ATTENDEE;EMAIL=spy@example.test:mailto:a.m@example.test'));
    expect(lines).toEqual([expect.stringContaining('EMAIL=a.m@example.test;') as string, 'ATTENDEE;EMAIL=spy@example.test:urn:uuid:none', expect.stringContaining('EMAIL=a.m@example.test;') as string]);
  });

  it('leave what nobody knows, what is canonical, and alarms as they are, with their ETag', async () => {
    const given = objectOf('ORGANIZER:mailto:stranger@elsewhere.test', `ATTENDEE;CN=Hall;EMAIL=hall@example.test;CUTYPE=ROOM:urn:x-uid:${hall.id}`, 'BEGIN:VALARM', 'ACTION:EMAIL', 'TRIGGER:-PT5M', 'SUMMARY:x', 'DESCRIPTION:x', 'ATTENDEE:mailto:amy@example.test', 'END:VALARM');
    const draft = draftOf(given);
    expect(step.apply(draft, await step.prepare(draft, contextOf(amy, amy)), contextOf(amy, amy))).toBe(draft);
  });

  it('want to look again where the object names somebody else meanwhile', async () => {
    expect(step.apply(draftOf(objectOf('ATTENDEE:mailto:amy@example.test')), new Map(), contextOf(amy, amy))).toBe('prepare-again');
    expect(step.apply(draftOf(undefined), new Map(), contextOf(amy, amy))).toMatchObject({ after: undefined });
  });
});

describe('who changed a room', () => {
  const step = modifiedByStep(directory);

  it('is told in every component, once, of an event without ORGANIZER', async () => {
    const { lines, amended } = await stored(step, objectOf('RRULE:FREQ=DAILY;COUNT=2', 'X-CALENDARSERVER-MODIFIED-BY:urn:x-uid:before'), contextOf(amy, hall));
    expect(lines).toEqual([`X-CALENDARSERVER-MODIFIED-BY;CN="Amy; the ^'First^'";EMAIL=amy@example.test:urn:x-uid:${amy.id}`]);
    expect(amended).toBe(true);
  });

  it.each([['in calendars of people', amy, amy, []], ['of an invitation', amy, hall, ['ORGANIZER:mailto:amy@example.test']], ['where nobody is known', undefined, hall, []]] as const)('is not told %s', async (_, who, owner, more) => {
    expect((await stored(step, objectOf(...more), contextOf(who, owner))).amended).toBe(false);
  });
});
