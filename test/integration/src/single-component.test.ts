/** Which components a calendar is made for (RFC 4791 §5.2.3), and the setting by which each takes one kind. */
import { event, todo } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { NAMESPACES, propfind } from './bodies.ts';
import { AMY_HOME, givenServer } from './caldav-server.ts';
import type { GivenServer } from './caldav-server.ts';

const NEW = `${AMY_HOME}new/`;
const SINGLE = { caldav: { 'single-component-calendars': true } };
const asking = (...kinds: readonly string[]): string => `<set><prop><C:supported-calendar-component-set>${kinds.map((kind) => `<C:comp name="${kind}"/>`).join('')}</C:supported-calendar-component-set></prop></set>`;
const mkcalendar = (...kinds: readonly string[]): string => `<C:mkcalendar ${NAMESPACES}>${asking(...kinds)}</C:mkcalendar>`;

async function kindsOf(server: GivenServer, path: string): Promise<readonly (string | undefined)[]> {
  const answer = await server.send('PROPFIND', path, propfind('<C:supported-calendar-component-set/>'), { Depth: '0' });
  return answer.rows().get(path)!.properties.get('supported-calendar-component-set')!.children.map((comp) => comp.attribute('name'));
}
async function setsOf(server: GivenServer): Promise<readonly (readonly (string | undefined)[])[]> {
  const answer = await server.send('PROPFIND', AMY_HOME, propfind('<C:supported-calendar-component-sets/>'), { Depth: '0' });
  return answer.rows().get(AMY_HOME)!.properties.get('supported-calendar-component-sets')!.children.map(({ children }) => children.map((comp) => comp.attribute('name')));
}

describe('single-component-calendars: true', () => {
  it('offers sets of one component each', async () => {
    await using server = await givenServer(SINGLE);
    expect(await setsOf(server)).toEqual([['VEVENT'], ['VTODO'], ['VJOURNAL'], ['VFREEBUSY'], ['VAVAILABILITY']]);
  });

  it('makes calendars of events unless their maker says what else', async () => {
    await using server = await givenServer(SINGLE);
    expect((await server.send('MKCALENDAR', NEW)).status).toBe(201);
    expect(await kindsOf(server, NEW)).toEqual(['VEVENT']);
    expect((await server.send('PUT', `${NEW}t.ics`, todo('t').body)).condition()).toBe('supported-calendar-component');
    expect((await server.send('MKCALENDAR', `${AMY_HOME}todo/`, mkcalendar('VTODO'))).status).toBe(201);
    expect(await kindsOf(server, `${AMY_HOME}todo/`)).toEqual(['VTODO']);
    expect((await server.send('PUT', `${AMY_HOME}todo/e.ics`, event('e').body)).condition()).toBe('supported-calendar-component');
  });

  it('makes none of two kinds: MKCALENDAR says which property failed, and extended MKCOL too (RFC 5689 §3)', async () => {
    await using server = await givenServer(SINGLE);
    const refused = await server.send('MKCALENDAR', NEW, mkcalendar('VTODO', 'VEVENT'));
    expect([refused.status, refused.text.includes('supported-calendar-component '), refused.rows().get(NEW)?.missing]).toEqual([207, true, ['supported-calendar-component-set']]);
    const mkcol = await server.send('MKCOL', NEW, `<mkcol ${NAMESPACES}><set><prop><resourcetype><collection/><C:calendar/></resourcetype></prop></set>${asking('VTODO', 'VEVENT')}</mkcol>`);
    expect([mkcol.status, (await server.send('PROPFIND', NEW, undefined, { Depth: '0' })).status]).toEqual([403, 404]);
  });
});

describe('without the setting', () => {
  it('a calendar takes any mix, and there is no set to choose from', async () => {
    await using server = await givenServer();
    expect(await setsOf(server)).toEqual([]);
    expect((await server.send('MKCALENDAR', NEW, mkcalendar('VTODO', 'VEVENT'))).status).toBe(201);
    expect(await kindsOf(server, NEW)).toEqual(['VEVENT', 'VTODO']);
  });

  it.each([['none', []], ['one that is no component of calendars', ['VCARD']], ['one of both', ['VEVENT', 'VCARD']]])('MKCALENDAR for %s is refused', async (_what, kinds) => {
    await using server = await givenServer();
    expect((await server.send('MKCALENDAR', NEW, mkcalendar(...kinds))).status).toBe(207);
    expect((await server.send('PROPFIND', NEW, undefined, { Depth: '0' })).status).toBe(404);
  });
});
