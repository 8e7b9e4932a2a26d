/** Bulk requests that are large, conditional or cut off (calendarserver-bulk-change §5, §6): limits, the ctag, and clients that hang up. */
import { connect } from 'node:net';
import type { ItemName, PrincipalId } from '@kalends/contracts';
import { basic, event, todo } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { NAMESPACES, GONE, TASKS, at, ctagOf, events, long, multiput, names, outcomes, together } from './bulk-given.ts';
import { AMY_HOME, CALENDAR, givenServer } from './caldav-server.ts';
import type { GivenServer } from './caldav-server.ts';

describe('limits of bulk requests (calendarserver-bulk-change §5)', () => {
  it('take ten thousand objects, in turns with everybody else', { timeout: 60_000 }, async () => {
    await using server = await givenServer();
    await server.send('PUT', `${TASKS}t.ics`, todo('t').body);
    let done = false;
    const bulk = server.send('POST', CALENDAR, events(10_000)).finally(() => { done = true; });
    let meanwhile = 0;
    while (!done) if ((await server.send('PUT', `${TASKS}t.ics`, todo('t', { summary: `${meanwhile}` }).body)).status === 204 && !done) meanwhile++;
    expect(outcomes(await bulk).filter(([, status]) => status === 200)).toHaveLength(10_000);
    expect(meanwhile).toBeGreaterThan(10);
    expect(server.errors).toEqual([]);
  });

  it('refuse more objects, and more octets, before anything is stored', { timeout: 60_000 }, async () => {
    await using server = await givenServer();
    const many = await server.send('POST', CALENDAR, events(10_001));
    expect([many.status, many.condition(), many.xml().children[0]!.text]).toEqual([403, 'max-resources', '10000']);
    const resources = Array.from({ length: 10_001 }, () => `${at(`${CALENDAR}x`)}${GONE}`);
    expect((await server.send('POST', CALENDAR, multiput(...resources))).condition()).toBe('max-resources');
    expect((await server.send('POST', CALENDAR, together(long('a', 10_485_760)))).status).toBe(413);
    expect(await names(server)).toEqual([]);
  });

  it('take a body of nearly ten MiB of large objects, each within what one may have', { timeout: 60_000 }, async () => {
    await using server = await givenServer();
    const large = Array.from({ length: 10 }, (_, n) => long(`large${n}`, n === 4 ? 1_048_576 : 900_000));
    const answer = await server.send('POST', CALENDAR, together(...large));
    expect(outcomes(answer).map(([, status, condition]) => condition ?? status)).toEqual([200, 200, 200, 200, 'max-resource-size', 200, 200, 200, 200, 200]);
  });

  it('of the calendar and the home hold for each object', async () => {
    await using server = await givenServer({ limits: { itemsPerCalendar: 3, attendees: 2 } });
    const crowd = event('crowd', { organizer: 'mailto:amy@example.com', attendees: ['mailto:a@x.org', 'mailto:b@x.org', 'mailto:c@x.org'] });
    const answer = await server.send('POST', CALENDAR, together(crowd.text, ...[0, 1, 2, 3, 4].map((n) => event(`e${n}`).text)));
    expect(outcomes(answer)).toEqual([
      ['crowd', 403, 'max-attendees-per-instance'], ['e0', 200, undefined], ['e1', 200, undefined], ['e2', 200, undefined], ['e3', 403, 'max-resources'], ['e4', 403, 'max-resources'],
    ]);
    await using small = await givenServer({ limits: { homeOctets: 700 } });
    expect(outcomes(await small.send('POST', CALENDAR, events(5))).map(([, status, condition]) => condition ?? status)).toContain('quota-not-exceeded');
  });
});

describe('the ctag condition (calendarserver-bulk-change §6, RFC 6578 §5)', () => {
  it.each([
    ['bare, as clients write it', (ctag: string) => `<http://me.com/_namespace/ctag/${ctag}>`], ['in a list', (ctag: string) => `(<http://me.com/_namespace/ctag/${ctag}>)`],
    ['as a sync token', (ctag: string) => `(<data:,${ctag}>)`],
  ])('%s: holds, or 412 and nothing happens', async (_how, write) => {
    await using server = await givenServer();
    const ctag = await ctagOf(server);
    const stored = await server.send('POST', CALENDAR, events(2), { If: write(ctag) });
    expect([stored.status, stored.headers.get('ctag')]).toEqual([207, await ctagOf(server)]);
    const late = await server.send('POST', CALENDAR, events(2, 10), { If: write(ctag) });
    expect([late.status, (await names(server)).length]).toEqual([412, 2]);
    expect((await server.send('POST', CALENDAR, events(2, 10), { If: write(stored.headers.get('ctag')!) })).status).toBe(207);
  });

  it('names itself where it fails', async () => {
    await using server = await givenServer();
    expect((await server.send('POST', CALENDAR, events(1), { If: '<http://me.com/_namespace/ctag/other>' })).condition()).toBe('ctag-ok');
  });

  it('lets one of several win who ask for the same state at once', async () => {
    await using server = await givenServer();
    const ctag = await ctagOf(server);
    const all = await Promise.all(Array.from({ length: 6 }, (_, n) => server.send('POST', CALENDAR, events(3, n * 10), { If: `<http://me.com/_namespace/ctag/${ctag}>` })));
    expect(all.map(({ status }) => status).toSorted()).toEqual([207, 412, 412, 412, 412, 412]);
    expect((await names(server)).length).toBe(3);
  });

  it('holds for MKCALENDAR and extended MKCOL too, of the home; and both ctags are told (§6, §8.3)', async () => {
    await using server = await givenServer();
    const homeCtag = async (): Promise<string> => {
      const answer = await server.send('PROPFIND', AMY_HOME, `<D:propfind ${NAMESPACES}><D:prop><CS:getctag/></D:prop></D:propfind>`, { Depth: '0' });
      return answer.rows().get(AMY_HOME)!.properties.get('getctag')!.text;
    };
    const before = await homeCtag();
    const If = `<${AMY_HOME}> (<http://me.com/_namespace/ctag/${before}>)`;
    const made = await server.send('MKCALENDAR', `${AMY_HOME}one/`, undefined, { If });
    expect([made.status, made.headers.get('home-ctag')]).toEqual([201, await homeCtag()]);
    expect((await server.send('POST', `${AMY_HOME}one/`, events(1), { If: `<http://me.com/_namespace/ctag/${made.headers.get('ctag')!}>` })).status).toBe(207);
    const mkcol = `<D:mkcol ${NAMESPACES}><D:set><D:prop><D:resourcetype><D:collection/><C:calendar/></D:resourcetype></D:prop></D:set></D:mkcol>`;
    for (const [method, body] of [['MKCALENDAR', undefined], ['MKCOL', mkcol]] as const) expect((await server.send(method, `${AMY_HOME}two/`, body, { If })).status).toBe(412);
    const now = await homeCtag();
    const both = await Promise.all(['three', 'four'].map((name) => server.send('MKCALENDAR', `${AMY_HOME}${name}/`, undefined, { If: `<${AMY_HOME}> (<http://me.com/_namespace/ctag/${now}>)` })));
    expect(both.map(({ status }) => status).toSorted()).toEqual([201, 412]);
    expect((await server.send('MKCALENDAR', `${AMY_HOME}five/`)).headers.get('ctag')).toBeNull();
  });

  it('is told before the body to whoever waits for that (§6, RFC 9110 §10.1.1)', async () => {
    await using server = await givenServer();
    const head = (ctag: string): string => `POST ${CALENDAR} HTTP/1.1\r\nHost: x\r\nAuthorization: ${basic('amy')}\r\nContent-Type: text/calendar\r\nIf: <http://me.com/_namespace/ctag/${ctag}>\r\nExpect: 100-continue\r\nContent-Length: 100000\r\n\r\n`;
    const first = async (text: string): Promise<string> => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
      const line = await new Promise<string>((resolve, reject) => { socket.once('error', reject).once('data', (chunk) => resolve(String(chunk).split('\r\n')[0]!)).write(text); });
      socket.destroy();
      return line;
    };
    expect([await first(head('other')), await first(head(await ctagOf(server)))]).toEqual(['HTTP/1.1 412 Precondition Failed', 'HTTP/1.1 100 Continue']);
  });

  it('refuses a URI that is no ctag', async () => {
    await using server = await givenServer();
    expect((await server.send('POST', CALENDAR, events(1), { If: '<urn:x>' })).status).toBe(400);
  });
});

describe('a client that hangs up', () => {
  /** Sends so many octets of a POST of `body`, and closes when `until` says. */
  async function hangUp(server: GivenServer, body: string, octets: number, until: () => Promise<void>): Promise<void> {
    const { port } = new URL(server.url);
    const head = `POST ${CALENDAR} HTTP/1.1\r\nHost: x\r\nAuthorization: ${basic('amy')}\r\nContent-Type: text/calendar\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
    const socket = connect(Number(port), '127.0.0.1');
    await new Promise<void>((resolve, reject) => { socket.once('error', reject); socket.write(head + body.slice(0, octets), () => resolve()); });
    await until();
    socket.destroy();
  }
  const count = async (server: GivenServer): Promise<number> => {
    const { collection } = (await server.store.locate('id-amy' as PrincipalId, ['calendar'], {}))!;
    let found = 0;
    for await (const batch of server.store.listItems(collection.id, {})) found += batch.length;
    return found;
  };

  it('in its body stores nothing', async () => {
    await using server = await givenServer();
    await server.send('PUT', `${CALENDAR}a.ics`, event('a').body);
    const body = events(300);
    await hangUp(server, body, body.length - 100, () => Promise.resolve());
    expect((await server.send('POST', CALENDAR, events(3, 1000))).status).toBe(207);
    expect([await count(server), server.errors]).toEqual([4, []]);
  });

  it('behind it stores whole changes, and stops', { timeout: 60_000 }, async () => {
    await using server = await givenServer();
    await server.send('PUT', `${CALENDAR}a.ics`, event('a').body);
    const body = events(9000);
    await hangUp(server, body, body.length, async () => { while (await count(server) < 150) await new Promise(setImmediate); });
    let before: number;
    do {
      before = await count(server);
      await new Promise((resolve) => { setTimeout(resolve, 100); });
    } while (await count(server) !== before);
    expect([before % 100, before < 9001, server.errors]).toEqual([1, true, []]);
    // What was stored can be used: it is a whole object.
    const { collection } = (await server.store.locate('id-amy' as PrincipalId, ['calendar'], {}))!;
    const first: ItemName[] = [];
    for await (const batch of server.store.listItems(collection.id, {})) first.push(...batch.map(({ name }) => name));
    expect((await server.send('GET', `${CALENDAR}${first.find((name) => name !== 'a.ics')!}`)).text).toContain('END:VCALENDAR');
  });
});
