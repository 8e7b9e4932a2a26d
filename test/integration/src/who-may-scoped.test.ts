/** Somebody's app password where he is a delegate: it opens there no more than it says, whatever the owner let him do (R46). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dav, NAMESPACES, eventText } from './dav.ts';
import { LAPTOP, runCaladmin, startServerProcess } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';

const HOME = '/calendars/users/alice/';
const EVENT = `${HOME}calendar/event.ics`;
const BUSY = `${HOME}freebusy?start=20260301T000000Z&end=20260401T000000Z`;
let server: ServerProcess;
let dav: Dav;
beforeAll(async () => {
  server = await startServerProcess({ config: LAPTOP });
  dav = new Dav(server.url);
  await dav.send('PUT', EVENT, { body: eventText('event') });
  await dav.propfind('/calendars/users/bob/', '<D:displayname/>', { as: 'bob' });
  const set = `<D:propertyupdate ${NAMESPACES}><D:set><D:prop><D:group-member-set><D:href>/principals/__uids__/10000000-0000-4000-8000-000000000003/</D:href></D:group-member-set></D:prop></D:set></D:propertyupdate>`;
  expect((await dav.send('PROPPATCH', '/principals/__uids__/10000000-0000-4000-8000-000000000002/calendar-proxy-write/', { body: set })).text).toContain('200 OK');
});
afterAll(async () => { await server[Symbol.asyncDispose](); });

async function add(name: string, ...options: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCaladmin(server, '--json', 'app-passwords', 'add', name, '--user', 'bob', ...options);
  expect(code, stderr).toBe(0);
  return (JSON.parse(stdout) as { readonly password: string }).password;
}
/** What bob may there with this password. */
async function may(password: string): Promise<Readonly<Record<string, number>>> {
  const send = async (method: string, path: string, options = {}): Promise<number> => (await dav.send(method, path, { ...options, as: 'bob', password })).status;
  const request = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:x', 'METHOD:REQUEST', 'BEGIN:VFREEBUSY', 'UID:fb', 'DTSTAMP:20260101T000000Z', 'DTSTART:20260301T000000Z', 'DTEND:20260401T000000Z', 'ORGANIZER:mailto:alice@example.com', 'ATTENDEE:mailto:alice@example.com', 'END:VFREEBUSY', 'END:VCALENDAR', ''].join('\r\n');
  const lock = '<lockinfo xmlns="DAV:"><lockscope><shared/></lockscope><locktype><write/></locktype></lockinfo>';
  return {
    read: await send('GET', EVENT), list: (await dav.propfind(HOME, '<D:displayname/>', { as: 'bob', password, depth: '1' })).status, busy: await send('GET', BUSY),
    write: await send('PUT', EVENT, { body: eventText('event') }), make: await send('MKCALENDAR', `${HOME}by-bob/`), remove: await send('DELETE', `${HOME}by-bob/`),
    lock: await send('LOCK', EVENT, { body: lock, headers: { Timeout: 'Second-1' } }), ask: await send('POST', `${HOME}outbox/`, { body: request }), bulk: await send('POST', `${HOME}calendar/`, { body: eventText('bulk') }),
  };
}

describe('an app password of a delegate', () => {
  it('that opens everything opens what he may', async () => {
    expect(await may(await add('all'))).toEqual({ read: 200, list: 207, busy: 200, write: 204, make: 201, remove: 204, lock: 200, ask: 200, bulk: 207 });
  });

  it('that reads alone reads', async () => {
    expect(await may(await add('reader', '--read-only'))).toEqual({ read: 200, list: 207, busy: 200, write: 403, make: 403, remove: 404, lock: 403, ask: 403, bulk: 403 });
  });

  it('for a calendar of his own opens nothing of hers', async () => {
    expect(await may(await add('own', '--calendar', 'calendar'))).toEqual({ read: 403, list: 207, busy: 403, write: 403, make: 403, remove: 403, lock: 403, ask: 403, bulk: 403 });
    const password = await add('other', '--calendar', 'calendar');
    const listing = await dav.propfind(HOME, '<D:displayname/>', { as: 'bob', password, depth: '1' });
    expect(listing.text).not.toContain('/calendar/');
    for (const home of [HOME, '/calendars/users/bob/']) {
      for (const method of ['GET', 'PROPFIND', 'DELETE', 'MKCALENDAR', 'PUT', 'REPORT', 'MOVE']) {
        const ask = async (name: string): Promise<string> => {
          const { status, text } = await dav.send(method, `${home}${name}/`, { as: 'bob', password, depth: '0', headers: { Destination: `${server.url}/calendars/users/bob/calendar/x/` } });
          return `${String(status)} ${text.replaceAll(/\(request \w+\)/g, '').replaceAll(name, 'NAME')}`;
        };
        expect([home, method, await ask('tasks')]).toEqual([home, method, await ask('absent')]);
      }
    }
  });
});
