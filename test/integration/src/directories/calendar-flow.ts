/** What people do with calendars whatever directory knows them: find the home, put an event, find each other, see who is busy, keep others out. */
import { expect } from 'vitest';
import { Dav, NAMESPACES, eventText, hrefsIn } from '../dav.ts';

export interface Someone { readonly account: string; readonly password: string }
export interface FlowGiven {
  readonly url: string; readonly one: Someone; readonly other: Someone;
  /** How `other` is found, and what is shown. */ readonly otherDisplayName: string; readonly otherEmail: string;
}

export async function principalOf(dav: Dav, { account, password }: Someone): Promise<string> {
  const answer = await dav.propfind('/', '<D:current-user-principal/>', { as: account, password });
  expect(answer.status, answer.text).toBe(207);
  return /current-user-principal><href>([^<]+)</.exec(answer.plain)![1]!;
}

export async function calendarFlow({ url, one, other, otherDisplayName, otherEmail }: FlowGiven): Promise<void> {
  const dav = new Dav(url);
  const [oneAs, otherAs] = [one, other].map(({ account, password }) => ({ as: account, password })) as [{ as: string; password: string }, { as: string; password: string }];
  const principal = await principalOf(dav, one);
  expect(principal).toMatch(/^\/principals\/__uids__\/[^/]+\/$/);
  const home = /calendar-home-set><href>([^<]+)</.exec((await dav.propfind(principal, '<C:calendar-home-set/>', oneAs)).plain)![1]!;
  const uid = `tea-${one.account.replaceAll(/\W/g, '')}`;
  const event = `${home}calendar/${uid}.ics`;
  expect((await dav.send('PUT', event, { ...oneAs, body: eventText(uid), headers: { 'If-None-Match': '*' } })).status).toBe(201);
  expect((await dav.send('GET', event, oneAs)).text).toBe(eventText(uid));
  expect((await dav.send('GET', event, otherAs)).status).toBe(403);
  expect((await dav.send('GET', event, { as: one.account, password: 'wrong' })).status).toBe(401);
  expect((await dav.send('GET', event, { as: one.account, password: '' })).status).toBe(401);
  expect((await dav.send('GET', event, { as: 'nobody-at-all', password: 'x' })).status).toBe(401);

  const found = await searchPrincipals(dav, oneAs, otherDisplayName.slice(0, -1));
  const otherPrincipal = await principalOf(dav, other);
  expect(found.plain).toContain(`<href>${otherPrincipal}</href>`);
  expect(found.text).toContain(otherDisplayName);
  expect(found.text).toContain(`mailto:${otherEmail}`);

  const busy = await dav.send('POST', `${home}outbox/`, { ...oneAs, headers: { 'Content-Type': 'text/calendar' }, body: freeBusyRequest(uid, `urn:x-uid:${principal.split('/').at(-2)!}`, otherEmail) });
  expect(busy.status, busy.text).toBe(200);
  expect(busy.text).toMatch(/2\.0;Success/);
}

export function searchPrincipals(dav: Dav, as: { readonly as: string; readonly password: string }, text: string): ReturnType<Dav['report']> {
  return dav.report('/principals/', `<D:principal-property-search ${NAMESPACES}><D:property-search><D:prop><D:displayname/></D:prop><D:match>${text}</D:match></D:property-search><D:prop><D:displayname/><C:calendar-user-address-set/><C:calendar-user-type/></D:prop></D:principal-property-search>`, { ...as, depth: '0' });
}

export function expectFound(answer: { readonly text: string }, count: number): void {
  expect(hrefsIn(answer.text), answer.text.slice(0, 2000)).toHaveLength(count);
}

function freeBusyRequest(uid: string, organizer: string, attendee: string): string {
  return ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//kalends//test//EN', 'METHOD:REQUEST', 'BEGIN:VFREEBUSY', `UID:fb-${uid}`, 'DTSTAMP:20260101T000000Z', 'DTSTART:20260310T000000Z', 'DTEND:20260311T000000Z',
    `ORGANIZER:${organizer}`, `ATTENDEE:mailto:${attendee}`, 'END:VFREEBUSY', 'END:VCALENDAR', ''].join('\r\n');
}
