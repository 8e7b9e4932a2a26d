/** Group calendars (R9): whoever the group's directory record says, and nobody for being a member alone. */
import type { Principal } from '@kalends/contracts';
import { event, group, person } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { givenServer } from './caldav-server.ts';
import type { GivenServer } from './caldav-server.ts';

const TEAM = '/calendars/groups/team/';

function team(members: NonNullable<Principal['groupCalendar']>['members']): Promise<GivenServer> {
  const calendar = { members, owners: ['id-olga' as Principal['id']] };
  return givenServer({ people: [person('amy'), person('olga'), person('eve'), group('team', { groupCalendar: calendar }), group('plain')], members: { 'id-team': ['id-amy'], 'id-plain': ['id-amy'] } });
}
/** Statuses of reading and of writing in the group's calendar. */
async function can(server: GivenServer, who: string): Promise<readonly [number, number]> {
  const read = await server.send('PROPFIND', `${TEAM}calendar/`, '<propfind xmlns="DAV:"><prop><displayname/></prop></propfind>', { Depth: '0' }, who);
  const write = await server.send('PUT', `${TEAM}calendar/${who}.ics`, event(who).body, {}, who);
  return [read.status, write.status];
}

describe('the calendar of a group', () => {
  it('is its members\' to write where the record says so', async () => {
    await using server = await team('write');
    expect(await can(server, 'amy')).toEqual([207, 201]);
  });

  it('is its members\' to read and not to write where the record says that', async () => {
    await using server = await team('read');
    expect(await can(server, 'amy')).toEqual([207, 403]);
  });

  it('is not its members\' where the record says none', async () => {
    await using server = await team('none');
    expect(await can(server, 'amy')).toEqual([403, 403]);
  });

  it('is always its owners\', its inbox too, and never a stranger\'s', async () => {
    await using server = await team('write');
    expect(await can(server, 'olga')).toEqual([207, 201]);
    expect(await can(server, 'eve')).toEqual([403, 403]);
    const inbox = async (who: string): Promise<number> => (await server.send('PROPFIND', `${TEAM}inbox/`, undefined, { Depth: '0' }, who)).status;
    expect([await inbox('olga'), await inbox('amy')]).toEqual([207, 403]);
  });

  it('does not exist where the record gives none', async () => {
    await using server = await team('write');
    expect((await server.send('PROPFIND', '/calendars/groups/plain/', undefined, { Depth: '0' })).status).toBe(404);
    const principal = await server.send('PROPFIND', '/principals/groups/plain/', '<propfind xmlns="DAV:"><prop><calendar-home-set xmlns="urn:ietf:params:xml:ns:caldav"/></prop></propfind>', { Depth: '0' });
    expect([...principal.rows().values()][0]!.missing).toEqual(['calendar-home-set']);
  });
});
