/** The time zone service over HTTP (RFC 7808), as clients and other services find and use it. Nobody logs in. */
import { compileZone, parse, parseJson, toJcal, zoneNamed, zoneNames } from '@kalends/icalendar';
import type { CalendarObject, Zone } from '@kalends/icalendar';
import fc from 'fast-check';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenServer } from './caldav-server.ts';
import type { Answer, GivenServer } from './caldav-server.ts';

let server: GivenServer;
beforeAll(async () => { server = await givenServer(); });
afterAll(async () => { await server[Symbol.asyncDispose](); });

const SERVICE = '/stdtimezones';
const get = (path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Answer> => server.send(method, `${SERVICE}${path}`, undefined, headers, null);
interface Listed { readonly tzid: string; readonly etag: string; readonly 'last-modified': string; readonly publisher: string; readonly version: string; readonly aliases?: readonly string[] }
interface List { readonly synctoken: string; readonly dtstamp: string; readonly timezones: readonly Listed[] }
interface Expansion { readonly tzid: string; readonly observances: readonly { readonly name: string; readonly onset: string; readonly 'utc-offset-from': number; readonly 'utc-offset-to': number }[] }
const json = <T>(answer: Answer): T => {
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
  return JSON.parse(answer.text) as T;
};
const list = async (query = ''): Promise<List> => json<List>(await get(`/zones${query}`));
const names = ({ timezones }: List): readonly string[] => timezones.map(({ tzid }) => tzid);
const expand = async (tzid: string, start: string, end: string): Promise<Expansion> => json<Expansion>(await get(`/zones/${encodeURIComponent(tzid)}/observances?start=${start}&end=${end}`));

/** Every refusal is problem details with a type of RFC 7808 §4.1.7. */
function expectProblem(answer: Answer, status: number, code: string): void {
  expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json; charset=utf-8']);
  expect(JSON.parse(answer.text)).toEqual({ type: `urn:ietf:params:tzdist:error:${code}`, title: expect.stringMatching(/^[A-Z][^]*\.$/), status, 'error-code': code });
}

describe('the service', () => {
  it.each(['', '/', '/capabilities', '/capabilities?x=1'])('is found by way of /.well-known/timezone%s, before anybody logs in (RFC 7808 §4.2.1.3)', async (rest) => {
    const answer = await server.send('GET', `/.well-known/timezone${rest}`, undefined, {}, null);
    expect([answer.status, answer.headers.get('location')]).toEqual([301, `http://cal.example.com/stdtimezones${rest}`]);
  });

  it('never leads to another host, whatever follows', async () => {
    // As it is written: fetch would walk the dots itself.
    const location = (rest: string): Promise<string | undefined> => new Promise((resolve, reject) => {
      request(`${server.url}/.well-known/timezone`, { path: `/.well-known/timezone${rest}` }, (response) => { resolve(response.resume().headers.location); }).on('error', reject).end();
    });
    for (const rest of ['//evil.example/', '/..//evil.example', '/../..//evil.example/x', '/%2e%2e/%2e%2e//evil.example', '/@evil.example', '/\\\\evil.example', '?//evil.example']) {
      expect(new URL((await location(rest))!).host).toBe('cal.example.com');
    }
  });

  it('says what it does (§5.1)', async () => {
    const capabilities = json<{ version: number; info: Record<string, unknown>; actions: readonly { name: string; 'uri-template': string; parameters: readonly { name: string; required: boolean }[] }[] }>(await get('/capabilities'));
    expect([capabilities.version, capabilities.info]).toEqual([1, { 'primary-source': expect.stringMatching(/^IANA:20\d\d[a-z]$/), formats: ['text/calendar', 'application/calendar+json'], truncated: { any: true, untruncated: true } }]);
    expect(capabilities.actions.map((action) => [action.name, action['uri-template'], ...action.parameters.filter(({ required }) => required).map(({ name }) => name)])).toEqual([
      ['capabilities', '/stdtimezones/capabilities'], ['list', '/stdtimezones/zones{?changedsince}'], ['get', '/stdtimezones/zones{/tzid}{?start,end}'],
      ['expand', '/stdtimezones/zones{/tzid}/observances{?start,end}', 'start', 'end'], ['find', '/stdtimezones/zones{?pattern}', 'pattern'], ['leapseconds', '/stdtimezones/leapseconds'],
    ]);
  });

  it.each(['', '/', '/foobar', '?query=true', '/zones/a/b', '/zones/Europe/Berlin', '/zones/Europe%2FBerlin/observances/x', '/observances', '/capabilities/x', '/leapseconds/x', '/zones/%ZZ', '/constructor'])('knows no action at %j (§4.1.7 invalid-action)', async (path) => {
    expectProblem(await get(path), 400, 'invalid-action');
  });

  it.each(['PUT', 'POST', 'DELETE', 'PROPFIND', 'PATCH'])('takes no %s', async (method) => {
    const answer = await server.send(method, `${SERVICE}/zones`, method === 'DELETE' ? undefined : 'x'.repeat(100_000), {}, null);
    expect([answer.status, answer.headers.get('allow'), answer.headers.get('content-type')]).toEqual([405, 'GET, HEAD, OPTIONS', 'application/problem+json; charset=utf-8']);
    expect((await get('/capabilities')).status).toBe(200);
  });

  it('answers OPTIONS, and HEAD as GET without the body', async () => {
    const options = await get('', {}, 'OPTIONS');
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
    const [head, whole] = [await get('/zones/Asia%2FTokyo', {}, 'HEAD'), await get('/zones/Asia%2FTokyo')];
    expect([head.status, head.text, head.headers.get('etag'), head.headers.get('content-length')]).toEqual([200, '', whole.headers.get('etag'), String(whole.text.length)]);
  });

  it('does not answer for paths that only begin like its own', async () => {
    expect((await server.send('GET', '/stdtimezonesx/capabilities')).headers.get('content-type')).toContain('xml');
  });
});

describe('list (RFC 7808 §5.2)', () => {
  it('has every zone once, with its aliases, Windows names among them', async () => {
    const all = await list();
    expect(names(all)).toEqual(zoneNames());
    expect(all.synctoken).toMatch(/^20\d\d[a-z]-\d+$/);
    const byName = new Map(all.timezones.map((zone) => [zone.tzid, zone]));
    expect(byName.get('Europe/London')).toEqual({ tzid: 'Europe/London', etag: expect.stringMatching(/^[\w-]+$/), 'last-modified': expect.stringMatching(/^20\d\d-\d\d-\d\dT00:00:00Z$/), publisher: 'IANA', version: all.synctoken.replace(/-.*/, ''), aliases: expect.arrayContaining(['GB', 'GMT Standard Time']) });
    const everything = all.timezones.flatMap(({ tzid, aliases = [] }) => [tzid, ...aliases]);
    expect(new Set(everything).size).toBe(everything.length);
  });

  it('is empty for who has everything, and whole for who has what came before (changedsince)', async () => {
    const { synctoken } = await list();
    expect(await list(`?changedsince=${synctoken}`)).toMatchObject({ synctoken, timezones: [] });
    expect(names(await list('?changedsince=2016a-1'))).toEqual(zoneNames());
  });

  it.each(['?changedsince=', '?changedsince=yesterday', '?changedsince=2999z-1', '?changedsince=2016a-1&changedsince=2016b-1', '?changedsince=2016a'])('refuses a token that it has not given: %s (§4.1.7 invalid-changedsince)', async (query) => {
    expectProblem(await get(`/zones${query}`), 400, 'invalid-changedsince');
  });

  it('is sent once: 304 for its ETag (RFC 9110 §13.1.2)', async () => {
    const etag = (await get('/zones')).headers.get('etag')!;
    for (const field of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const again = await get('/zones', { 'If-None-Match': field });
      expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', etag]);
    }
    expect((await get('/zones', { 'If-None-Match': '"x"' })).status).toBe(200);
    expect((await get('/zones')).headers.get('cache-control')).toBe('public, max-age=3600');
  });
});

describe('get (RFC 7808 §5.3)', () => {
  const zoneIn = (object: CalendarObject): Zone => {
    const zone = compileZone(toJcal(object.root.components[0]!));
    if ('problem' in zone) throw new Error(zone.problem);
    return zone;
  };

  it('gives a zone as iCalendar, whose ETag is the one that the list has', async () => {
    const answer = await get('/zones/America%2FNew_York/');
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('vary')]).toEqual([200, 'text/calendar; charset=utf-8', 'Accept']);
    expect(answer.text).toMatch(/^BEGIN:VCALENDAR\r\nVERSION:2\.0\r\nPRODID:[^\r]+\r\nBEGIN:VTIMEZONE\r\nTZID:America\/New_York\r\n[^]*END:VTIMEZONE\r\nEND:VCALENDAR\r\n$/);
    const listed = (await list('?pattern=America/New_York')).timezones[0]!;
    expect(answer.headers.get('etag')).toBe(`"${listed.etag}"`);
    expect((await get('/zones/America%2FNew_York', { 'If-None-Match': `"${listed.etag}"` })).status).toBe(304);
  });

  it.each([['GB', 'Europe/London'], ['US/Eastern', 'America/New_York'], ['W. Europe Standard Time', 'Europe/Berlin'], ['Etc/GMT+5', undefined], ['EST', undefined]])('gives %s under that name, and says whose alias it is (§7.2 TZID-ALIAS-OF)', async (tzid, of) => {
    const { text } = await get(`/zones/${encodeURIComponent(tzid)}`);
    expect(text).toContain(`\r\nTZID:${tzid}\r\n`);
    expect(/TZID-ALIAS-OF:(.*)\r/.exec(text)?.[1]).toBe(of);
    expect(zoneIn(parse(Buffer.from(text)).object!).offsetAt(1_780_000_000)).toBe(zoneNamed(of ?? tzid)!.offsetAt(1_780_000_000));
  });

  it('gives jCal to whoever wants that (RFC 7265), which means the same', async () => {
    const answer = await get('/zones/Europe%2FLondon', { Accept: 'application/calendar+json' });
    expect(answer.headers.get('content-type')).toBe('application/calendar+json');
    const [fromJson, fromText] = [parseJson(Buffer.from(answer.text)).object!, parse(Buffer.from((await get('/zones/Europe%2FLondon')).text)).object!];
    expect(toJcal(fromJson.root.components[0]!)).toEqual(toJcal(fromText.root.components[0]!));
  });

  it.each([['*/*', 'text/calendar; charset=utf-8'], ['text/*;q=0.5, application/calendar+json', 'application/calendar+json'], ['application/*', 'application/calendar+json'], ['text/calendar;q=0, */*', 'application/calendar+json'], ['application/calendar+xml, text/calendar;q=0.1', 'text/calendar; charset=utf-8']])('Accept: %s', async (accept, type) => {
    expect((await get('/zones/Europe%2FLondon', { Accept: accept })).headers.get('content-type')).toBe(type);
  });

  it.each(['application/calendar+xml', 'text/html', 'text/calendar;q=0'])('has no %s (§4.1.7 invalid-format)', async (accept) => {
    expectProblem(await get('/zones/Europe%2FLondon', { Accept: accept }), 406, 'invalid-format');
  });

  it.each(['America%2FPittsburgh', 'europe%2Fberlin', '..%2F..%2Fetc%2Fpasswd', '__proto__', '%2Fmozilla.org%2F20050126_1%2FEurope%2FBerlin', 'Our%20own', '%0d%0aX:y'])('has no zone %s (§4.1.7 tzid-not-found)', async (tzid) => {
    expectProblem(await get(`/zones/${tzid}`), 404, 'tzid-not-found');
  });

  it('cuts to a span (§3.9), and says where it ends (§7.1 TZUNTIL); another ETag', async () => {
    const [whole, cut] = [await get('/zones/Europe%2FBerlin'), await get('/zones/Europe%2FBerlin?start=2020-01-01T00:00:00Z&end=2022-01-01T00:00:00Z')];
    expect(cut.text).toContain('TZUNTIL:20220101T000000Z\r\nBEGIN:STANDARD\r\nDTSTART:20200101T010000\r\n');
    expect([cut.text.length < whole.text.length, cut.headers.get('etag') === whole.headers.get('etag')]).toEqual([true, false]);
    const zone = zoneIn(parse(Buffer.from(cut.text)).object!);
    for (const time of ['2020-01-01T00:00:00Z', '2020-06-01T00:00:00Z', '2021-12-31T23:59:59Z']) expect(zone.offsetAt(Date.parse(time) / 1000)).toBe(zoneNamed('Europe/Berlin')!.offsetAt(Date.parse(time) / 1000));
    expect((await get('/zones/Europe%2FBerlin?start=2020-01-01T00:00:00Z')).text).not.toContain('TZUNTIL');
  });

  it.each([
    ['start=2020', 'invalid-start'], ['start=2020-01-01T00:00:00%2B01:00', 'invalid-start'], ['start=2020-13-01T00:00:00Z', 'invalid-start'], ['start=2020-01-01T00:00:00Z&start=2021-01-01T00:00:00Z', 'invalid-start'], ['start=', 'invalid-start'],
    ['end=2020-02-30T00:00:00Z', 'invalid-end'], ['end=9999-01-01T00:00:00Z', 'invalid-end'], ['start=2020-01-01T00:00:00Z&end=2020-01-01T00:00:00Z', 'invalid-end'], ['start=2021-01-01T00:00:00Z&end=2020-01-01T00:00:00Z', 'invalid-end'],
  ])('refuses %s (§4.1.7)', async (query, code) => {
    expectProblem(await get(`/zones/Europe%2FBerlin?${query}`), 400, code);
  });
});

describe('expand (RFC 7808 §5.4)', () => {
  it('tells what is in force at the start, and each change', async () => {
    expect(await expand('America/New_York', '2008-01-01T00:00:00Z', '2009-01-01T00:00:00Z')).toMatchObject({
      tzid: 'America/New_York', start: '2008-01-01T00:00:00Z', end: '2009-01-01T00:00:00Z', observances: [
        { name: 'EST', onset: '2008-01-01T00:00:00Z', 'utc-offset-from': -18_000, 'utc-offset-to': -18_000 },
        { name: 'EDT', onset: '2008-03-09T07:00:00Z', 'utc-offset-from': -18_000, 'utc-offset-to': -14_400 },
        { name: 'EST', onset: '2008-11-02T06:00:00Z', 'utc-offset-from': -14_400, 'utc-offset-to': -18_000 },
      ],
    });
  });

  it('answers at the path of the drafts too, and by an alias', async () => {
    const span = 'start=2020-01-01T00:00:00Z&end=2021-01-01T00:00:00Z';
    expect((await get(`/observances/Asia%2FTokyo/?${span}`)).text).toBe((await get(`/zones/Asia%2FTokyo/observances?${span}`)).text);
    const [alias, zone] = [await expand('Tokyo Standard Time', '2020-01-01T00:00:00Z', '2021-01-01T00:00:00Z'), await expand('Asia/Tokyo', '2020-01-01T00:00:00Z', '2021-01-01T00:00:00Z')];
    expect([alias.tzid, alias.observances]).toEqual(['Tokyo Standard Time', zone.observances]);
  });

  it.each([
    ['Europe%2FBerlin', '', 400, 'invalid-start'], ['Europe%2FBerlin', 'end=2021-01-01T00:00:00Z', 400, 'invalid-start'], ['Europe%2FBerlin', 'start=2021-01-01T00:00:00Z', 400, 'invalid-end'],
    ['Europe%2FBerlin', 'start=20070101&end=2021-01-01T00:00:00Z', 400, 'invalid-start'], ['Europe%2FBerlin', 'start=2021-01-01T00:00:00Z&end=2009', 400, 'invalid-end'],
    ['Europe%2FBerlin', 'start=2021-01-01T00:00:00Z&end=2021-01-01T00:00:00Z', 400, 'invalid-end'], ['America%2FPittsburgh', 'start=2020-01-01T00:00:00Z&end=2021-01-01T00:00:00Z', 404, 'tzid-not-found'],
  ])('refuses %s?%s (§4.1.7)', async (tzid, query, status, code) => {
    for (const path of [`/zones/${tzid}/observances`, `/observances/${tzid}`]) expectProblem(await get(`${path}?${query}`), status, code);
  });

  it('agrees with the offsets that everything else is computed with, and with the zone it gives, for 150 spans', async () => {
    const spans = fc.sample(fc.record({ tzid: fc.constantFrom(...zoneNames()), start: fc.integer({ min: -3_000_000_000, max: 4_000_000_000 }), length: fc.integer({ min: 1, max: 600_000_000 }) }), { seed: 7808, numRuns: 150 });
    const time = (utc: number): string => new Date(utc * 1000).toISOString().replace('.000', '');
    for (const { tzid, start, length } of spans) {
      const end = start + length;
      const [{ observances }, cut] = [await expand(tzid, time(start), time(end)), await get(`/zones/${encodeURIComponent(tzid)}?start=${time(start)}&end=${time(end)}`)];
      const ours = zoneNamed(tzid)!;
      const given = compileZone(toJcal(parse(Buffer.from(cut.text)).object!.root.components[0]!)) as Zone;
      expect(observances[0]!.onset).toBe(time(start));
      for (const [place, { onset, 'utc-offset-to': to }] of observances.entries()) {
        const from = Date.parse(onset) / 1000;
        const until = place + 1 < observances.length ? Date.parse(observances[place + 1]!.onset) / 1000 : end;
        for (const utc of [from, Math.floor((from + until) / 2), until - 1]) expect([tzid, utc, ours.offsetAt(utc), given.offsetAt(utc)]).toEqual([tzid, utc, to, to]);
      }
    }
  }, 60_000);
});

describe('find (RFC 7808 §5.5)', () => {
  it.each([
    ['America/New_York', ['America/New_York']], ['US/Eastern', ['America/New_York']], ['*/New_York', ['America/New_York']], ['*w%20york*', ['America/New_York']], ['*New+York*', ['America/New_York']],
    ['america/new_*', ['America/New_York']], ['*Europe%20Standard%20Time', ['Europe/Berlin', 'Europe/Budapest', 'Europe/Chisinau']], ['Etc/GMT%2B5', ['Etc/GMT+5']], ['Atlantis', []], ['Berlin', []], ['*Ber\\*lin*', []],
  ])('%s', async (pattern, expected) => {
    expect(names(await list(`?pattern=${pattern}`))).toEqual(expected);
  });

  it.each(['', '*', '**', '***', 'a*b', '*a*b*', 'a\\', 'a&pattern=b'])('refuses the pattern %j (§4.1.7 invalid-pattern)', async (pattern) => {
    expectProblem(await get(`/zones?pattern=${pattern}`), 400, 'invalid-pattern');
  });
});

describe('leapseconds (RFC 7808 §5.6)', () => {
  it('are told with the day until which they are known', async () => {
    const { expires, leapseconds } = json<{ expires: string; leapseconds: readonly { 'utc-offset': number; onset: string }[] }>(await get('/leapseconds'));
    expect([leapseconds[0], leapseconds.length >= 28]).toEqual([{ 'utc-offset': 10, onset: '1972-01-01' }, true]);
    expect(leapseconds).toContainEqual({ 'utc-offset': 37, onset: '2017-01-01' });
    expect(expires).toMatch(/^20\d\d-\d\d-\d\d$/);
  });
});
