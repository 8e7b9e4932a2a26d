/**
 * GNOME: Online Accounts' CalDAV set-up (a check of the server before an account is kept), and GNOME Calendar, which reads through evolution-data-server and so
 * adds no requests of its own but for making and colouring calendars.
 */
import { describe, expect, it } from 'vitest';
import { AMY_HOME, givenServer } from '../caldav-server.ts';
import type { GivenServer } from '../caldav-server.ts';
import { Client, davTokens, hrefsOf, namesIn, only } from './client.ts';

const gnome = (server: GivenServer): Client => new Client(server, { 'User-Agent': 'gnome-online-accounts/3.50.4 ', Accept: '*/*', 'Content-Type': 'application/xml' });
const PROPERTIES = '<D:current-user-principal/><D:displayname/><D:resourcetype/><C:calendar-home-set/><C:calendar-user-address-set/>';
const propfind = `<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop>${PROPERTIES}</D:prop></D:propfind>`;

describe('GNOME Online Accounts', () => {
  it('checks a server by OPTIONS and PROPFIND, at the given URL and at the well-known one (RFC 6764 §5; RFC 4918 §10.1)', async () => {
    await using server = await givenServer();
    const client = gnome(server);
    for (const path of ['/', '/.well-known/caldav']) {
      const options = await client.meet('OPTIONS', path);
      expect(options.answer.status, path).toBe(200);
      expect(davTokens(options.answer), path).toContain('calendar-access');
      const met = await client.meet('PROPFIND', path, { depth: 0, body: propfind });
      const [principal] = hrefsOf(only(met.answer), 'current-user-principal');
      const row = only(await client.send('PROPFIND', principal!, { depth: 0, body: propfind }));
      expect(hrefsOf(row, 'calendar-home-set')).toEqual([AMY_HOME]);
      expect(hrefsOf(row, 'calendar-user-address-set').filter((address) => address.startsWith('mailto:'))).toEqual(['mailto:amy@example.com']);
      expect(namesIn(row, 'resourcetype')).toContain('principal');
    }
  });

  it('tells a wrong password by 401, and never by 403 or 404, whatever it asks (RFC 9110 §15.5.2)', async () => {
    await using server = await givenServer();
    for (const path of ['/', '/principals/', AMY_HOME, `${AMY_HOME}calendar/`, '/nothing/']) {
      const asked = server.send('PROPFIND', path, propfind, { Depth: '0', Authorization: 'Basic bm9ib2R5OndoYXRldmVy' }, null);
      // Refusals wait, so that their time tells nothing; this server's clock goes when it is moved.
      const moving = setInterval(() => { void server.clock.advance(250); }, 5);
      const refused = await asked.finally(() => { clearInterval(moving); });
      expect([refused.status, refused.headers.has('www-authenticate')], path).toEqual([401, true]);
    }
  });
});

describe('GNOME Calendar', () => {
  it('colours a calendar and finds the colour again (calendar-color of Apple\'s namespace, six digits)', async () => {
    await using server = await givenServer();
    const client = gnome(server);
    const color = '<?xml version="1.0"?><D:propertyupdate xmlns:D="DAV:" xmlns:IC="http://apple.com/ns/ical/"><D:set><D:prop><IC:calendar-color>#57e389</IC:calendar-color></D:prop></D:set></D:propertyupdate>';
    expect((await client.send('PROPPATCH', `${AMY_HOME}calendar/`, { body: color })).status).toBe(207);
    const read = '<?xml version="1.0"?><D:propfind xmlns:D="DAV:" xmlns:IC="http://apple.com/ns/ical/"><D:prop><IC:calendar-color/></D:prop></D:propfind>';
    expect(only(await client.send('PROPFIND', `${AMY_HOME}calendar/`, { depth: 0, body: read })).properties.get('calendar-color')!.text).toBe('#57e389');
  });
});
