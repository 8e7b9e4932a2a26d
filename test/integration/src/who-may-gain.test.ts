/**
 * Ways round a refusal: what may not be read is not read by moving it to where it may be, and what may not be seen is not told by its lock.
 */
import { describe, expect, it } from 'vitest';
import { acl, deny, givenPeople, grant } from './acl-given.ts';
import { setMembers } from './bodies.ts';
import { AMY_HOME, PRINCIPAL } from './caldav-server.ts';
import type { GivenServer } from './caldav-server.ts';
import { eventText } from './dav.ts';

const SECRET = eventText('secret', ['DTSTART:20260310T100000Z', 'SUMMARY:Kingfisher']);
const LOCKINFO = '<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>';
/** amy's calendars, in which ben may do what is named. */
async function given(calendars: Readonly<Record<string, string>>): Promise<GivenServer> {
  const server = await givenPeople();
  for (const [name, privileges] of Object.entries(calendars)) {
    await server.send('MKCALENDAR', `${AMY_HOME}${name}/`);
    expect((await server.send('ACL', `${AMY_HOME}${name}/`, acl(grant('ben', privileges)))).status).toBe(200);
  }
  return server;
}

describe('an event that may not be read', () => {
  it('cannot be moved to where it may: from a calendar that is for writing alone', async () => {
    await using server = await given({ drop: 'write', open: 'read write' });
    await server.send('PUT', `${AMY_HOME}drop/secret.ics`, SECRET);
    for (const name of ['secret', 'absent']) {
      expect([name, (await server.send('MOVE', `${AMY_HOME}drop/${name}.ics`, undefined, { Destination: `${server.url}${AMY_HOME}open/secret.ics` }, 'ben')).status]).toEqual([name, 403]);
    }
    expect((await server.send('GET', `${AMY_HOME}open/secret.ics`, undefined, {}, 'ben')).status).toBe(404);
    expect((await server.send('MOVE', `${AMY_HOME}drop/secret.ics`, undefined, { Destination: `${server.url}${AMY_HOME}open/secret.ics` })).status).toBe(201);
  });

  it('cannot be moved by whom its own list keeps out', async () => {
    await using server = await given({ one: 'read write', two: 'read write' });
    await server.send('PUT', `${AMY_HOME}one/secret.ics`, SECRET);
    await server.send('ACL', `${AMY_HOME}one/secret.ics`, acl(deny('ben', 'read')));
    expect((await server.send('MOVE', `${AMY_HOME}one/secret.ics`, undefined, { Destination: `${server.url}${AMY_HOME}two/secret.ics` }, 'ben')).status).toBe(403);
  });
});

describe('a lock on what may not be seen', () => {
  it('is in the way and not named: of a private event (RFC 4918 §9.10.3)', async () => {
    await using server = await given({ work: 'read write' });
    for (const [name, access] of [['hidden', 'PRIVATE'], ['shown', 'PUBLIC']] as const) {
      await server.send('PUT', `${AMY_HOME}work/${name}.ics`, eventText(name, ['DTSTART:20260310T100000Z']).replace('VERSION:2.0', `VERSION:2.0\r\nX-CALENDARSERVER-ACCESS:${access}`));
    }
    const lock = (path: string, as: string) => server.send('LOCK', `${AMY_HOME}work/${path}`, LOCKINFO, { Depth: 'infinity' }, as);
    expect((await lock('hidden.ics', 'amy')).status).toBe(200);
    const alone = await lock('', 'ben');
    expect([alone.status, alone.condition(), alone.text.includes('hidden')]).toEqual([423, 'no-conflicting-lock', false]);
    expect((await lock('shown.ics', 'amy')).status).toBe(200);
    const both = await lock('', 'ben');
    expect([both.status, both.text.includes('shown.ics'), both.text.includes('hidden')]).toEqual([207, true, false]);
  });
});

describe('a lock that is in the way of a removal', () => {
  it('names what is locked to whoever may see it, and the whole to others (RFC 4918 §9.6.1, §16 lock-token-submitted)', async () => {
    await using server = await givenPeople();
    const folder = `${AMY_HOME}dropbox/shared/`;
    await server.send('MKCOL', folder);
    for (const name of ['hidden', 'shown']) await server.send('PUT', `${folder}${name}.txt`, name);
    expect((await server.send('ACL', folder, acl(grant('ben', 'read write')))).status).toBe(200);
    expect((await server.send('ACL', `${AMY_HOME}dropbox/`, acl(grant('ben', 'read write')))).status).toBe(200);
    expect((await server.send('ACL', `${folder}hidden.txt`, acl(deny('ben', 'read')))).status).toBe(200);
    const lock = async (name: string): Promise<string> => (await server.send('LOCK', `${folder}${name}.txt`, LOCKINFO, { Depth: '0' })).headers.get('lock-token')!;
    const [hidden] = [await lock('hidden')];
    for (const removal of [await server.send('DELETE', folder, undefined, {}, 'ben'), await server.send('MOVE', folder, undefined, { Destination: `${server.url}${AMY_HOME}dropbox/elsewhere/` }, 'ben')]) {
      expect([removal.status === 423 || removal.status === 403, removal.text.includes('hidden')]).toEqual([true, false]);
    }
    await server.send('UNLOCK', `${folder}hidden.txt`, undefined, { 'Lock-Token': hidden });
    await server.send('ACL', `${folder}hidden.txt`, acl());
    await lock('shown');
    const removal = await server.send('DELETE', folder, undefined, {}, 'ben');
    expect([removal.status, removal.condition(), removal.text.includes('shown.txt')]).toEqual([423, 'lock-token-submitted', true]);
  });
});

describe('an event that its owner keeps to himself', () => {
  it.each(['PRIVATE', 'CONFIDENTIAL'])('is not taken away with its calendar by a delegate (%s, caldav-privateevents)', async (access) => {
    await using server = await givenPeople();
    await server.send('PROPPATCH', `${PRINCIPAL('amy')}calendar-proxy-write/`, setMembers('ben'));
    for (const name of ['kept', 'free']) await server.send('MKCALENDAR', `${AMY_HOME}${name}/`);
    await server.send('PUT', `${AMY_HOME}kept/secret.ics`, SECRET.replace('VERSION:2.0', `VERSION:2.0\r\nX-CALENDARSERVER-ACCESS:${access}`));
    await server.send('PUT', `${AMY_HOME}free/plain.ics`, eventText('plain'));
    const remove = async (name: string, as: string): Promise<number> => (await server.send('DELETE', `${AMY_HOME}${name}/`, undefined, {}, as)).status;
    expect([await remove('kept', 'ben'), await remove('free', 'ben')]).toEqual([403, 204]);
    expect((await server.send('GET', `${AMY_HOME}kept/secret.ics`)).status).toBe(200);
    expect(await remove('kept', 'amy')).toBe(204);
  });
});
