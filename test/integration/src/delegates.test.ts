/**
 * Delegates over HTTP (caldav-proxy; RFC 3744 §4.3, §4.4): people and groups who read, or read and write, what is another's, a room's or a resource's; from when
 * the owner says so until he says otherwise. Whoever acts for an owner is known as himself and as acting for him.
 */
import type { Identity, PrincipalId, WriteStep } from '@kalends/contracts';
import { event, group, person, room } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { propfind, setMembers } from './bodies.ts';
import { AMY_HOME, CALENDAR, PRINCIPAL, givenServer } from './caldav-server.ts';
import type { Answer, GivenServer } from './caldav-server.ts';

const PEOPLE = [person('amy'), person('bob'), person('cat'), person('dan'), person('root'), group('team'), group('staff'), room('attic'), room('beamer', { kind: 'resource' })];
/** dan is in the team, the team in the staff. */
const MEMBERS = { 'id-team': ['id-dan'], 'id-staff': ['id-team'] };

const delegate = (server: GivenServer, owner: string, mode: 'read' | 'write', names: readonly string[], as = owner): Promise<Answer> => server.send(
  'PROPPATCH', `${PRINCIPAL(owner)}calendar-proxy-${mode}/`, setMembers(...names), {}, as,
);
async function hrefs(server: GivenServer, path: string, name: string, as: string): Promise<readonly string[]> {
  const answer = await server.send('PROPFIND', path, propfind(`<${name}/>`), { Depth: '0' }, as);
  return [...answer.rows().values()][0]?.properties.get(name.split(':').at(-1)!)?.children.map(({ text }) => text) ?? [];
}
const put = async (server: GivenServer, as: string, path: string): Promise<number> => (await server.send('PUT', path, event(path).body, {}, as)).status;
const get = async (server: GivenServer, as: string, path: string): Promise<number> => (await server.send('GET', path, undefined, {}, as)).status;

/** Who stored what, as the steps of a write see it. */
function watching(): { readonly step: WriteStep; readonly seen: Identity[] } {
  const seen: Identity[] = [];
  return { seen, step: { name: 'watch', phase: 'schedule', prepare: async (_draft, { identity }) => { seen.push(identity); }, apply: (draft) => draft } };
}

describe('a delegate', () => {
  it('acts for the owner, and is known as himself: in writes of a delegate, of a group\'s member at any depth, of nobody else (caldav-proxy §3)', async () => {
    const { step, seen } = watching();
    await using server = await givenServer({ people: PEOPLE, members: MEMBERS, steps: [step] });
    await put(server, 'amy', `${CALENDAR}a.ics`);
    await delegate(server, 'amy', 'write', ['bob', 'staff']);
    expect(await put(server, 'bob', `${CALENDAR}b.ics`)).toBe(201);
    expect(await put(server, 'dan', `${CALENDAR}d.ics`)).toBe(201);
    expect(await put(server, 'cat', `${CALENDAR}c.ics`)).toBe(403);
    expect(await put(server, 'root', `${CALENDAR}r.ics`)).toBe(201);
    expect(seen.map(({ principal, actingFor }) => [principal, actingFor])).toEqual([['id-amy', undefined], ['id-bob', 'id-amy'], ['id-dan', 'id-amy'], ['id-root', undefined]]);
  });

  it('is found from both ends: group-member-set, group-membership, calendar-proxy-read-for and -write-for, nested groups unfolded (RFC 3744 §4.4; caldav-proxy §5)', async () => {
    await using server = await givenServer({ people: PEOPLE, members: MEMBERS });
    await delegate(server, 'amy', 'write', ['staff']);
    await delegate(server, 'cat', 'read', ['dan']);
    expect(await hrefs(server, `${PRINCIPAL('amy')}calendar-proxy-write/`, 'group-member-set', 'amy')).toEqual([PRINCIPAL('staff')]);
    expect(await hrefs(server, `${PRINCIPAL('amy')}calendar-proxy-write/`, 'CS:expanded-group-member-set', 'amy')).toEqual([PRINCIPAL('dan')]);
    expect(await hrefs(server, PRINCIPAL('dan'), 'CS:calendar-proxy-write-for', 'dan')).toEqual([PRINCIPAL('amy')]);
    expect(await hrefs(server, PRINCIPAL('dan'), 'CS:calendar-proxy-read-for', 'dan')).toEqual([PRINCIPAL('cat')]);
    expect((await hrefs(server, PRINCIPAL('dan'), 'group-membership', 'dan')).toSorted()).toEqual([`${PRINCIPAL('amy')}calendar-proxy-write/`, `${PRINCIPAL('cat')}calendar-proxy-read/`, PRINCIPAL('staff'), PRINCIPAL('team')]);
  });

  it('of rooms and resources comes from the directory, and from whoever administers', async () => {
    const attic = room('attic', { delegates: { read: ['id-cat' as PrincipalId], write: ['id-team' as PrincipalId] } });
    await using server = await givenServer({ people: [...PEOPLE.filter(({ id }) => id !== attic.id), attic], members: MEMBERS });
    const calendar = '/calendars/__uids__/id-attic/calendar/';
    expect([await put(server, 'dan', `${calendar}a.ics`), await put(server, 'cat', `${calendar}b.ics`), await get(server, 'cat', `${calendar}a.ics`), await get(server, 'bob', `${calendar}a.ics`)]).toEqual([201, 403, 200, 403]);
    expect((await delegate(server, 'beamer', 'write', ['bob'], 'root')).status).toBe(207);
    expect(await put(server, 'bob', '/calendars/__uids__/id-beamer/calendar/x.ics')).toBe(201);
    // A delegate of a room does not say who else is one.
    expect((await delegate(server, 'beamer', 'write', ['bob', 'cat'], 'bob')).status).toBe(403);
  });

  it('reaches nobody through him: who acts for a delegate gains nothing (no chains)', async () => {
    await using server = await givenServer({ people: PEOPLE, members: MEMBERS });
    await delegate(server, 'amy', 'write', ['bob']);
    await delegate(server, 'bob', 'write', ['cat']);
    expect([await put(server, 'bob', `${CALENDAR}b.ics`), await put(server, 'cat', `${CALENDAR}c.ics`)]).toEqual([201, 403]);
  });

  it('is one no longer from the next request on: taken from the list, out of the group, the group out of the directory', async () => {
    await using server = await givenServer({ people: PEOPLE, members: MEMBERS });
    await delegate(server, 'amy', 'write', ['bob', 'team']);
    expect([await put(server, 'bob', `${CALENDAR}1.ics`), await put(server, 'dan', `${CALENDAR}2.ics`)]).toEqual([201, 201]);
    await delegate(server, 'amy', 'write', []);
    expect([await get(server, 'bob', `${CALENDAR}1.ics`), await get(server, 'dan', `${CALENDAR}1.ics`)]).toEqual([403, 403]);
    expect(await hrefs(server, PRINCIPAL('bob'), 'CS:calendar-proxy-write-for', 'bob')).toEqual([]);
  });

  it('is refused as a list that names nobody, himself in no list, a proxy principal as a delegate; then nothing changes (RFC 4918 §9.2)', async () => {
    await using server = await givenServer({ people: PEOPLE, members: MEMBERS });
    await delegate(server, 'amy', 'read', ['bob']);
    for (const name of ['nobody', 'bob/calendar-proxy-write']) expect((await delegate(server, 'amy', 'read', [name])).text, name).toContain('HTTP/1.1 403');
    expect((await delegate(server, 'amy', 'write', ['amy', 'cat'])).text).toContain('200 OK');
    expect(await hrefs(server, `${PRINCIPAL('amy')}calendar-proxy-write/`, 'group-member-set', 'amy')).toEqual([PRINCIPAL('cat')]);
    expect(await hrefs(server, `${PRINCIPAL('amy')}calendar-proxy-read/`, 'group-member-set', 'amy')).toEqual([PRINCIPAL('bob')]);
  });

  it('sends from the owner\'s outbox in the owner\'s name; one who reads does not (RFC 6638 §6.2)', async () => {
    await using server = await givenServer({ people: PEOPLE });
    await delegate(server, 'amy', 'write', ['bob']);
    await delegate(server, 'amy', 'read', ['cat']);
    const ask = (organizer: string): string => ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//x//EN', 'METHOD:REQUEST', 'BEGIN:VFREEBUSY', 'UID:f', 'DTSTAMP:20260101T000000Z', 'DTSTART:20260310T000000Z', 'DTEND:20260311T000000Z',
      `ORGANIZER:mailto:${organizer}@example.com`, 'ATTENDEE:mailto:dan@example.com', 'END:VFREEBUSY', 'END:VCALENDAR', ''].join('\r\n');
    expect((await server.send('POST', `${AMY_HOME}outbox/`, ask('amy'), {}, 'bob')).status).toBe(200);
    expect((await server.send('POST', `${AMY_HOME}outbox/`, ask('bob'), {}, 'bob')).condition()).toBe('organizer-allowed');
    expect((await server.send('POST', `${AMY_HOME}outbox/`, ask('amy'), {}, 'cat')).status).toBe(403);
  });
});
