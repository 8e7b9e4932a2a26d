/** App passwords (R46) as a person and his phone meet them: made on the command line beside a running server, used with Basic and Digest, held to what they open. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith, execute } from './programs.ts';
import { LAPTOP, runCaladmin, startServerProcess, type ServerProcess } from './server-process.ts';

let server: ServerProcess;
beforeAll(async () => { server = await startServerProcess({ config: LAPTOP }); });
afterAll(async () => { await server[Symbol.asyncDispose](); });

const caladmin = (...args: readonly string[]) => runCaladmin(server, '--json', 'app-passwords', ...args);
async function add(name: string, ...options: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await caladmin('add', name, '--user', 'alice', ...options);
  expect(code, stderr).toBe(0);
  return (JSON.parse(stdout) as { readonly password: string }).password;
}
const HOME = '/calendars/users/alice/';
const EVENT = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//EN', 'BEGIN:VEVENT', 'UID:one', 'DTSTAMP:20260101T000000Z', 'DTSTART:20260102T100000Z', 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n');
async function ask(password: string, method: string, path: string, body?: string, headers: Readonly<Record<string, string>> = {}): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`${server.url}${path}`, { method, headers: { authorization: `Basic ${btoa(`alice:${password}`)}`, ...headers }, ...(body === undefined ? {} : { body }) });
  return { status: response.status, text: await response.text() };
}
const status = async (...args: Parameters<typeof ask>): Promise<number> => (await ask(...args)).status;
const put = (password: string, path: string, headers = {}): Promise<number> => status(password, 'PUT', path, EVENT, { 'content-type': 'text/calendar', ...headers });
const membersOf = (text: string): readonly string[] => [...text.matchAll(/<response><href>([^<]*)<\/href>/g)].map(([, href]) => href!.slice(HOME.length)).filter((name) => name !== '').sort();

describe('an app password', () => {
  it('opens what its owner may, beside his own, and is written with or without dashes', async () => {
    const password = await add('laptop');
    expect(password).toMatch(/^[a-z2-9]{5}(-[a-z2-9]{5}){3}$/);
    expect(await put(password, `${HOME}calendar/one.ics`)).toBe(201);
    expect(await status(password.replaceAll('-', '').toUpperCase(), 'GET', `${HOME}calendar/one.ics`)).toBe(200);
    expect(await status('alice', 'GET', `${HOME}calendar/one.ics`)).toBe(200);
    expect(await status(password, 'GET', '/calendars/users/bob/calendar/')).toBe(403);
  });

  it('is worth nothing to anybody else, wrong by a letter, or once it was revoked', async () => {
    const password = await add('lost');
    expect(await status(password, 'GET', `${HOME}calendar/`)).toBe(200);
    const last = password.at(-1) === 'a' ? 'b' : 'a';
    expect(await status(password.slice(0, -1) + last, 'GET', `${HOME}calendar/`)).toBe(401);
    const asBob = await fetch(`${server.url}/principals/`, { method: 'OPTIONS', headers: { authorization: `Basic ${btoa(`bob:${password}`)}` } });
    expect(asBob.status).toBe(401);
    expect((await caladmin('revoke', 'lost', '--user', 'alice')).code).toBe(0);
    expect(await status(password, 'GET', `${HOME}calendar/`)).toBe(401);
  });

  it('that reads changes nothing, in no way', async () => {
    const password = await add('wall display', '--read-only');
    await put('alice', `${HOME}calendar/two.ics`);
    expect(await status(password, 'GET', `${HOME}calendar/one.ics`)).toBe(200);
    const property = '<propertyupdate xmlns="DAV:"><set><prop><displayname>x</displayname></prop></set></propertyupdate>';
    const tries: readonly Promise<number>[] = [
      put(password, `${HOME}calendar/new.ics`), put(password, `${HOME}calendar/one.ics`), status(password, 'DELETE', `${HOME}calendar/one.ics`), status(password, 'DELETE', `${HOME}calendar/`),
      status(password, 'MKCALENDAR', `${HOME}more/`), status(password, 'MOVE', `${HOME}calendar/one.ics`, undefined, { destination: `${HOME}tasks/one.ics` }),
      status(password, 'COPY', `${HOME}calendar/one.ics`, undefined, { destination: `${HOME}dropbox/one.ics` }), status(password, 'MKCOL', `${HOME}dropbox/more/`),
      status(password, 'POST', `${HOME}calendar/`, EVENT, { 'content-type': 'text/calendar' }), status(password, 'ACL', `${HOME}calendar/`, '<acl xmlns="DAV:"/>'),
      status(password, 'LOCK', `${HOME}calendar/one.ics`, '<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>'),
      status(password, 'PROPPATCH', '/principals/users/alice/', property),
    ];
    expect(await Promise.all(tries)).toEqual(tries.map(() => 403));
    const patched = await ask(password, 'PROPPATCH', `${HOME}calendar/`, property);
    expect(patched.status === 403 || (patched.status === 207 && patched.text.includes('403 Forbidden') && !patched.text.includes('200 OK'))).toBe(true);
    const delegates = await ask(password, 'PROPPATCH', '/principals/users/alice/calendar-proxy-write/', '<propertyupdate xmlns="DAV:"><set><prop><group-member-set><href>/principals/users/bob/</href></group-member-set></prop></set></propertyupdate>');
    expect(delegates.text).not.toContain('200 OK');
    // Not even the lock that its owner made from another device goes.
    const lock = await fetch(`${server.url}${HOME}calendar/one.ics`, { method: 'LOCK', headers: { authorization: `Basic ${btoa('alice:alice')}` }, body: '<lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>' });
    const token = { 'lock-token': lock.headers.get('lock-token')! };
    expect([await status(password, 'UNLOCK', `${HOME}calendar/one.ics`, undefined, token), await status('alice', 'UNLOCK', `${HOME}calendar/one.ics`, undefined, token)]).toEqual([403, 204]);
    expect(await status(password, 'GET', `${HOME}calendar/one.ics`)).toBe(200);
  });

  it('for one calendar finds it by the usual way, and sees no other', async () => {
    await status('alice', 'MKCALENDAR', `${HOME}work/`);
    const password = await add('office', '--calendar', 'work');
    const home = await ask(password, 'PROPFIND', '/', '<propfind xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><current-user-principal/></prop></propfind>', { depth: '0' });
    const principal = /<current-user-principal><href>([^<]+)</.exec(home.text)![1]!;
    expect((await ask(password, 'PROPFIND', principal, '<propfind xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop><C:calendar-home-set/></prop></propfind>', { depth: '0' })).text).toContain('/calendars/__uids__/');
    const listing = await ask(password, 'PROPFIND', HOME, '<propfind xmlns="DAV:"><prop><resourcetype/></prop></propfind>', { depth: '1' });
    expect([listing.status, membersOf(listing.text)]).toEqual([207, ['work/']]);
    // The UID is in another calendar of the home; where is not told.
    const taken = await ask(password, 'PUT', `${HOME}work/three.ics`, EVENT, { 'content-type': 'text/calendar' });
    expect([taken.status, taken.text.includes('one.ics')]).toEqual([403, false]);
    const event = EVENT.replace('UID:one', 'UID:at work');
    expect(await status(password, 'PUT', `${HOME}work/five.ics`, event, { 'content-type': 'text/calendar' })).toBe(201);
    for (const path of ['calendar/', 'calendar/one.ics', 'dropbox/', 'inbox/', 'outbox/', 'freebusy']) expect([403, 404], path).toContain(await status(password, 'GET', HOME + path));
    expect([403, 404]).toContain(await status(password, 'MKCALENDAR', `${HOME}more/`));
    expect([403, 404]).toContain(await status(password, 'MOVE', `${HOME}work/five.ics`, undefined, { destination: `${HOME}calendar/five.ics` }));
    const sync = await ask(password, 'REPORT', HOME, '<sync-collection xmlns="DAV:"><sync-token/><sync-level>infinite</sync-level><prop><getetag/></prop></sync-collection>');
    expect([sync.status, membersOf(sync.text)]).toEqual([207, ['work/', 'work/five.ics']]);
  });

  it('makes nobody an administrator', async () => {
    const { stdout } = await caladmin('add', 'tools', '--user', 'admin');
    const { password } = JSON.parse(stdout) as { readonly password: string };
    const as = (secret: string) => fetch(`${server.url}${HOME}calendar/one.ics`, { headers: { authorization: `Basic ${btoa(`admin:${secret}`)}` } }).then(async (response) => { await response.text(); return response.status; });
    expect(await as('admin')).toBe(200);
    expect([403, 404]).toContain(await as(password));
  });

  it('is told with its last use, and refused under a name that is taken or none', async () => {
    const password = await add('tablet', '--days', '30');
    await status(password, 'GET', `${HOME}calendar/`);
    await expect.poll(async () => (JSON.parse((await caladmin('list', '--user', 'alice')).stdout) as { readonly name: string; readonly lastUse?: number }[]).find(({ name }) => name === 'tablet')?.lastUse, { timeout: 20_000 }).toBeGreaterThan(0);
    const listed = (await caladmin('list', '--user', 'alice')).stdout;
    expect(listed).not.toContain(password);
    for (const [args, sentence] of [[['tablet'], 'there is a password "tablet" already'], [['a/b'], 'cannot be the name'], [['x', '--calendar', 'none'], 'has no calendar none'], [['x', '--days', 'soon'], 'takes a number of days']] as const) {
      const refused = await caladmin('add', ...args, '--user', 'alice');
      expect([refused.code, refused.stderr]).toEqual([64, expect.stringContaining(sentence) as string]);
    }
  });
});

describeWith('curl', 'an app password with Digest', () => {
  const digest = async (password: string, path: string): Promise<string> => (await execute('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--digest', '-u', `alice:${password}`, `${server.url}${path}`])).stdout;

  it('opens what it opens with Basic, beside the person\'s own', async () => {
    const [first, second] = [await add('digest one', '--calendar', 'calendar'), await add('digest two')];
    expect(await digest(first, `${HOME}calendar/`)).toBe('200');
    expect(['403', '404']).toContain(await digest(first, `${HOME}tasks/`));
    expect(await digest(second, `${HOME}tasks/`)).toBe('200');
    expect(await digest('alice', `${HOME}tasks/`)).toBe('200');
    expect(await digest('wrong', `${HOME}tasks/`)).toBe('401');
    await caladmin('revoke', 'digest two', '--user', 'alice');
    expect(await digest(second, `${HOME}tasks/`)).toBe('401');
  });
});
