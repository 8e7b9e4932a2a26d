/** Inbox and outbox over HTTP: RFC 6638 §2, §5, §9; RFC 5546 §3.3. */
import type { SchedulingTransport } from '@kalends/contracts';
import { event, person } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { propfind, proppatch, setMembers } from './bodies.ts';
import { AMY_HOME, BOB_HOME, givenServer } from './caldav-server.ts';
import type { Answer } from './caldav-server.ts';

const OUTBOX = `${AMY_HOME}outbox/`;
const INBOX = `${AMY_HOME}inbox/`;

interface Request { readonly attendees?: readonly string[]; readonly organizer?: string; readonly method?: string; readonly lines?: readonly string[]; readonly start?: string; readonly end?: string }
const freeBusy = ({ attendees = ['mailto:bob@example.com'], organizer = 'mailto:amy@example.com', method = 'REQUEST', lines = [], start = '20260302T000000Z', end = '20260303T000000Z' }: Request = {}): string => [
  'BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Test//Test//EN', `METHOD:${method}`, 'BEGIN:VFREEBUSY', 'UID:ask', 'DTSTAMP:20260101T000000Z', `DTSTART:${start}`, `DTEND:${end}`,
  `ORGANIZER:${organizer}`, ...attendees.map((attendee) => `ATTENDEE:${attendee}`), ...lines, 'END:VFREEBUSY', 'END:VCALENDAR', '',
].join('\r\n');

/** By recipient: the request-status and the calendar data. */
function responses(answer: Answer): ReadonlyMap<string, { readonly status: string; readonly data: string }> {
  return new Map(answer.xml().children.map((response) => {
    const child = (local: string) => response.children.find(({ name }) => name.local === local);
    return [child('recipient')!.children[0]!.text, { status: child('request-status')!.text, data: child('calendar-data')?.text ?? '' }];
  }));
}

describe('a free-busy request', () => {
  it('is answered for people and rooms of this server, each address as it was written (RFC 6638 §5.1)', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${BOB_HOME}calendar/b.ics`, event('b').body, {}, 'bob');
    const answer = await server.send('POST', OUTBOX, freeBusy({ attendees: ['MAILTO:Bob@Example.com', 'urn:uuid:id-attic', 'mailto:nobody@example.com'] }));
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/xml;charset=utf-8']);
    const all = responses(answer);
    expect([...all].map(([recipient, { status }]) => [recipient, status])).toEqual([
      ['MAILTO:Bob@Example.com', '2.0;Success'], ['urn:uuid:id-attic', '2.0;Success'], ['mailto:nobody@example.com', '3.7;Invalid Calendar User'],
    ]);
    const { data } = all.get('MAILTO:Bob@Example.com')!;
    for (const line of ['METHOD:REPLY', 'UID:ask', 'ATTENDEE:MAILTO:Bob@Example.com', 'ORGANIZER:mailto:amy@example.com', 'FREEBUSY;FBTYPE=BUSY:20260302T090000Z/']) expect(data).toContain(line);
    expect(all.get('urn:uuid:id-attic')!.data).not.toContain('FREEBUSY;');
    // As raw text: clients' test suites look for it so.
    expect(answer.text).toContain("<recipient-exists xmlns='urn:ietf:params:xml:ns:caldav'/>");
  });

  it('is answered in jCal where it was asked in jCal, and says so (RFC 7265)', async () => {
    await using server = await givenServer();
    const ask = ['vcalendar', [['version', {}, 'text', '2.0'], ['prodid', {}, 'text', '-//Test//Test//EN'], ['method', {}, 'text', 'REQUEST']], [['vfreebusy', [
      ['uid', {}, 'text', 'ask'], ['dtstamp', {}, 'date-time', '2026-01-01T00:00:00Z'], ['dtstart', {}, 'date-time', '2026-03-02T00:00:00Z'], ['dtend', {}, 'date-time', '2026-03-03T00:00:00Z'],
      ['organizer', {}, 'cal-address', 'mailto:amy@example.com'], ['attendee', {}, 'cal-address', 'mailto:bob@example.com'],
    ], []]]];
    const answer = await server.send('POST', OUTBOX, JSON.stringify(ask), { 'Content-Type': 'application/calendar+json' });
    expect(JSON.parse(responses(answer).get('mailto:bob@example.com')!.data)[0]).toBe('vcalendar');
    expect(answer.text).toContain("<calendar-data content-type='application/calendar+json'>");
    expect((await server.send('POST', OUTBOX, freeBusy())).text).toContain('<calendar-data>');
  });

  it('does not count transparent calendars (RFC 6638 §9.1)', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${BOB_HOME}calendar/b.ics`, event('b').body, {}, 'bob');
    await server.send('PROPPATCH', `${BOB_HOME}calendar/`, proppatch('<C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp>'), {}, 'bob');
    expect(responses(await server.send('POST', OUTBOX, freeBusy())).get('mailto:bob@example.com')!.data).not.toContain('FREEBUSY;');
  });

  it('leaves the asker\'s own event out where he masks it, and nobody else\'s', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${BOB_HOME}calendar/mine.ics`, event('mine', { organizer: 'mailto:amy@example.com', attendees: ['mailto:bob@example.com'] }).body, {}, 'bob');
    await server.send('PUT', `${BOB_HOME}calendar/his.ics`, event('his', { start: 1_772_460_000 }).body, {}, 'bob');
    const busy = async (uid: string): Promise<string> => responses(await server.send('POST', OUTBOX, freeBusy({ lines: [`X-CALENDARSERVER-MASK-UID:${uid}`] }))).get('mailto:bob@example.com')!.data;
    expect(await busy('mine')).not.toContain('20260302T090000Z/');
    expect(await busy('his')).toContain('20260302T140000Z/');
  });

  it('respects who took the right to ask away from his inbox (RFC 6638 §6.1.3)', async () => {
    await using server = await givenServer({ people: [person('amy'), person('bob'), person('carl', { enabled: false })] });
    const inbox = await server.store.locate('id-bob' as never, ['inbox'], {});
    expect(inbox).toBeUndefined();
    await server.send('PROPFIND', BOB_HOME, undefined, { Depth: '0' }, 'bob');
    const { home, collection } = (await server.store.locate('id-bob' as never, ['inbox'], {}))!;
    await server.store.write(home.id, { octets: Infinity, collections: Infinity, itemsPerCollection: Infinity, attachmentsPerItem: Infinity }, (tx) => tx.updateCollection(collection.id, { acl: [] }));
    const all = responses(await server.send('POST', OUTBOX, freeBusy({ attendees: ['mailto:bob@example.com', 'mailto:carl@example.com'] })));
    expect([...all.values()].map(({ status }) => status)).toEqual(['3.8;No authority', '3.7;Invalid Calendar User']);
  });

  it('asks the transport that serves somebody elsewhere', async () => {
    const transport: SchedulingTransport = {
      name: 'elsewhere', local: false, serves: async (address) => address.endsWith('@elsewhere.example.org'), deliver: async () => [],
      freeBusy: async ({ attendees }) => attendees.map((recipient) => ({ recipient, status: '2.0', calendar: Buffer.from('BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n') })),
    };
    await using server = await givenServer({ transports: [transport] });
    const all = responses(await server.send('POST', OUTBOX, freeBusy({ attendees: ['mailto:dora@elsewhere.example.org'] })));
    expect(all.get('mailto:dora@elsewhere.example.org')).toEqual({ status: '2.0;Success', data: 'BEGIN:VCALENDAR\nEND:VCALENDAR\n' });
  });

  it('asks no more people than the server allows', async () => {
    await using server = await givenServer({ limits: { attendees: 1 } });
    const all = responses(await server.send('POST', OUTBOX, freeBusy({ attendees: ['mailto:bob@example.com', 'mailto:amy@example.com'] })));
    expect([...all.values()].map(({ status }) => status)).toEqual(['2.0;Success', '5.1;Service unavailable']);
  });

  it.each([
    ['text that is no calendar', 'hello', 'valid-calendar-data'],
    ['no METHOD', freeBusy().replace('METHOD:REQUEST\r\n', ''), 'valid-calendar-data'],
    ['no ORGANIZER', freeBusy().replace('ORGANIZER:mailto:amy@example.com\r\n', ''), 'valid-calendar-data'],
    ['nobody to ask', freeBusy({ attendees: [] }), 'recipient-specified'],
    ['another\'s name', freeBusy({ organizer: 'mailto:bob@example.com' }), 'organizer-allowed'],
    ['an unknown name', freeBusy({ organizer: 'mailto:nobody@example.com' }), 'organizer-allowed'],
    ['local times', freeBusy({ start: '20260302T000000' }), 'valid-calendar-data'],
    ['an end before the start', freeBusy({ end: '20260301T000000Z' }), 'valid-calendar-data'],
    ['an access level', freeBusy().replace('METHOD:REQUEST\r\n', 'METHOD:REQUEST\r\nX-CALENDARSERVER-ACCESS:PRIVATE\r\n'), 'no-access-restrictions'],
    ['an invitation', freeBusy().replaceAll('VFREEBUSY', 'VEVENT'), 'valid-scheduling-message'],
    ['a reply', freeBusy({ method: 'REPLY' }), 'valid-scheduling-message'],
  ])('is refused with %s (RFC 6638 §5.2)', async (_, body, condition) => {
    await using server = await givenServer();
    const answer = await server.send('POST', OUTBOX, body);
    expect([answer.status, answer.condition()]).toEqual([403, condition]);
  });

  it('is calendar data, and the owner\'s or his write delegate\'s to send (RFC 6638 §6.2)', async () => {
    await using server = await givenServer();
    expect((await server.send('POST', OUTBOX, freeBusy(), { 'Content-Type': 'text/plain' })).condition()).toBe('supported-calendar-data');
    const stranger = await server.send('POST', OUTBOX, freeBusy(), {}, 'bob');
    expect([stranger.status, stranger.condition()]).toEqual([403, 'need-privileges']);
    await server.send('PROPPATCH', '/principals/__uids__/id-amy/calendar-proxy-write/', setMembers('bob'));
    expect((await server.send('POST', OUTBOX, freeBusy(), {}, 'bob')).status).toBe(200);
  });
});

describe('inbox and outbox', () => {
  it('take no other messages', async () => {
    await using server = await givenServer();
    expect((await server.send('POST', INBOX, freeBusy())).status).toBe(403);
    expect((await server.send('PUT', `${INBOX}a.ics`, event('a').body)).status).toBe(405);
    expect((await server.send('GET', `${OUTBOX}a.ics`)).status).toBe(404);
  });

  it('show their privileges: deliver to one, send from the other, and the old name of both (RFC 6638 §6)', async () => {
    await using server = await givenServer();
    const supported = async (path: string): Promise<string> => (await server.send('PROPFIND', path, propfind('<supported-privilege-set/>'), { Depth: '0' })).text;
    expect(await supported(INBOX)).toMatch(/<schedule-deliver [^]*<schedule /);
    expect(await supported(OUTBOX)).toMatch(/<schedule-send [^]*<schedule /);
    expect(await supported(`${AMY_HOME}calendar/`)).not.toContain('schedule');
  });

  it('name the calendars that make their owner busy', async () => {
    await using server = await givenServer();
    const row = (await server.send('PROPFIND', INBOX, propfind('<C:calendar-free-busy-set/>'), { Depth: '0' })).rows().get(INBOX)!;
    expect(row.properties.get('calendar-free-busy-set')!.children.map(({ text }) => text)).toEqual([`${AMY_HOME}calendar/`]);
  });

  it('have a default calendar, which is the owner\'s own and takes events (RFC 6638 §9.2)', async () => {
    await using server = await givenServer();
    const url = async (): Promise<string> => (await server.send('PROPFIND', INBOX, propfind('<C:schedule-default-calendar-URL/>'), { Depth: '0' }))
      .rows().get(INBOX)!.properties.get('schedule-default-calendar-URL')!.children[0]!.text;
    const choose = (href: string): Promise<Answer> => server.send('PROPPATCH', INBOX, proppatch(`<C:schedule-default-calendar-URL><href>${href}</href></C:schedule-default-calendar-URL>`));
    expect(await url()).toBe(`${AMY_HOME}calendar`);
    await server.send('MKCALENDAR', `${AMY_HOME}work/`);
    await choose(`${AMY_HOME}work/`);
    expect(await url()).toBe(`${AMY_HOME}work`);
    for (const wrong of [`${AMY_HOME}tasks/`, INBOX, `${BOB_HOME}calendar/`, `${AMY_HOME}none/`]) expect((await choose(wrong)).text).toContain('valid-schedule-default-calendar-URL');
    await server.send('DELETE', `${AMY_HOME}work/`);
    expect(await url()).toBe(`${AMY_HOME}calendar`);
  });
});
