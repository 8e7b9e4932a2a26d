/**
 * What whole requests cost over flat files, counted: statements, rows, files opened, commits. Never in time. That reads parse nothing shows by octets that nobody
 * could parse: the stored ones are broken on purpose, while what was derived from them when they were whole is kept.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CalendarStore, Item, PrincipalId, WriteLimits } from '@kalends/contracts';
import { createItemReader } from '@kalends/icalendar';
import { newCounters } from '@kalends/lib-shards';
import type { StoreCounters } from '@kalends/lib-shards';
import { openFlatFileStore } from '@kalends/storage-flat-file';
import { event, fakeClock, utc } from '@kalends/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NAMESPACES, calendarMultiget, calendarQuery, propfind, proppatch, syncCollection } from './bodies.ts';
import { CALENDAR, NOW, givenServer } from './caldav-server.ts';
import type { Answer, GivenServer } from './caldav-server.ts';

const ITEMS = 300;
const DAY = 86_400;
/** Of a page of a listing. */
const PAGE_ROWS = 256;
/** Home with collection, and how often the owner's grants changed. */
const LOCATE = 2;

interface Cost extends StoreCounters { readonly answer: Answer }

const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'kalends-costs-'));
const count = newCounters();
let server: GivenServer;
let close: () => Promise<void>;

beforeAll(async () => {
  const provider = await openFlatFileStore({ path: folder, shards: 1, itemReader: createItemReader(() => NOW), writer: 'inline', checkpointSeconds: 3_600, count, clock: fakeClock(NOW * 1000) });
  server = await givenServer({ provider });
  close = () => provider.close();
  for (let day = 0; day < ITEMS; day++) await server.send('PUT', `${CALENDAR}e${String(day)}.ics`, event(`e${String(day)}`, { start: NOW + day * DAY + DAY / 2 }).body);
  await breakOctets(provider.store);
});

/** A line without a colon is no content line (RFC 5545 §3.1). */
async function breakOctets(store: CalendarStore): Promise<void> {
  const { home, collection } = (await store.locate('id-amy' as PrincipalId, ['calendar'], {}))!;
  const items: Item[] = [];
  for await (const batch of store.listItems(collection.id, { meta: true, facts: true, body: true })) items.push(...batch);
  await store.write(home.id, NO_LIMITS, async (tx) => {
    for (const { name, component, facts, meta, body } of items) {
      const broken = Buffer.from(body!).toString().replace('VERSION:2.0', 'VERSION 2.0');
      await tx.putItem(collection.id, { name, contentType: meta!.contentType, body: Buffer.from(broken), component: component!, uid: meta!.uid!, facts: facts! });
    }
  });
}
const NO_LIMITS: WriteLimits = { octets: Infinity, collections: Infinity, itemsPerCollection: Infinity, attachmentsPerItem: Infinity };

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await close();
  rmSync(folder, { recursive: true });
});

async function costOf(method: string, path: string, body?: string | Uint8Array, headers?: Readonly<Record<string, string>>, as = 'amy'): Promise<Cost> {
  Object.assign(count, newCounters());
  const answer = await server.send(method, path, body, headers, as);
  expect(answer.status).toBeLessThan(300);
  return { ...count, answer };
}

const month = `<C:time-range start="${utc(NOW + 90 * DAY)}" end="${utc(NOW + 120 * DAY)}"/>`;
const query = (data: string): string => calendarQuery(`<getetag/>${data}`, `<C:comp-filter name="VEVENT">${month}</C:comp-filter>`);
const objectsIn = ({ answer: { text } }: Cost): number => text.split('BEGIN:VCALENDAR').length - 1;

describe('over flat files', () => {
  it('polls with the stamp of the home and the owner\'s grants, and no more', async () => {
    const body = propfind('<CS:getctag/><sync-token/>');
    // The home has moved: its rows are read again, once.
    await costOf('PROPFIND', CALENDAR, body, { Depth: '0' });
    expect(await costOf('PROPFIND', CALENDAR, body, { Depth: '0' })).toMatchObject({ statements: LOCATE, fileOpens: 0, commits: 0 });
  });

  it('answers a sync without news like a poll', async () => {
    const sync = (token: string): string => syncCollection('<getetag/>', token);
    const { answer } = await costOf('PROPFIND', CALENDAR, propfind('<sync-token/>'), { Depth: '0' });
    const token = /<sync-token>([^<]+)</.exec(answer.text)![1]!;
    expect(await costOf('REPORT', CALENDAR, sync(token))).toMatchObject({ statements: LOCATE, fileOpens: 0 });
  });

  it('begins a sync with one statement a page of 256, without the change log', async () => {
    const body = syncCollection();
    const cost = await costOf('REPORT', CALENDAR, body);
    expect(cost).toMatchObject({ statements: LOCATE + Math.ceil(ITEMS / PAGE_ROWS), fileOpens: 0 });
    expect(cost.answer.text.split('<response>').length - 1).toBe(ITEMS);
  });

  it('lists ETags with one statement a page of 256, and looks for other members once', async () => {
    const body = propfind('<getetag/><getcontenttype/>');
    const cost = await costOf('PROPFIND', CALENDAR, body, { Depth: '1' });
    expect(cost).toMatchObject({ statements: LOCATE + Math.ceil(ITEMS / PAGE_ROWS) + 1, fileOpens: 0, commits: 0 });
    expect(cost.answer.rows().size).toBe(ITEMS + 1);
  });

  it('gets an event with one row of its own, unparsed', async () => {
    const cost = await costOf('GET', `${CALENDAR}e7.ics`);
    expect(cost).toMatchObject({ statements: LOCATE + 1, fileOpens: 0 });
    expect(cost.answer.text).toContain('VERSION 2.0');
  });

  it('finds 50 events with one statement, unparsed', async () => {
    const hrefs = Array.from({ length: 50 }, (_, at) => `<href>${CALENDAR}e${String(at)}.ics</href>`).join('');
    const cost = await costOf('REPORT', CALENDAR, `<C:calendar-multiget ${NAMESPACES}><prop><getetag/><C:calendar-data/></prop>${hrefs}</C:calendar-multiget>`, { Depth: '1' });
    expect(cost).toMatchObject({ statements: LOCATE + 1, fileOpens: 0 });
    expect(objectsIn(cost)).toBe(50);
  });

  it.each([['whole', '<C:calendar-data/>'], ['expanded', `<C:calendar-data>${month.replace('time-range', 'expand')}</C:calendar-data>`]])('answers a month %s from one statement, with no row that is not returned and nothing parsed', async (_, data) => {
    const poll = await costOf('PROPFIND', CALENDAR, propfind('<CS:getctag/>'), { Depth: '0' });
    const cost = await costOf('REPORT', CALENDAR, query(data), { Depth: '1' });
    const objects = objectsIn(cost);
    expect(objects).toBe(30);
    // The store answers from bounds that are a day wider where times may float.
    expect(cost.rows - poll.rows).toBeGreaterThanOrEqual(objects);
    expect(cost.rows - poll.rows).toBeLessThanOrEqual(objects + 2);
    expect(cost).toMatchObject({ statements: LOCATE + 1, fileOpens: 0 });
  });

  it('tells a month\'s busy time from one statement, with nothing parsed', async () => {
    const cost = await costOf('REPORT', CALENDAR, `<C:free-busy-query ${NAMESPACES}>${month}</C:free-busy-query>`, { Depth: '1' });
    expect(cost).toMatchObject({ statements: LOCATE + 1, fileOpens: 0 });
    expect(cost.answer.text).toContain('FREEBUSY');
  });

  it('costs a delegate what it costs the owner: whether something is private is known from the row, and what is not is not parsed', async () => {
    const delegate = (members: string): Promise<Answer> => server.send('PROPPATCH', '/principals/__uids__/id-amy/calendar-proxy-read/', proppatch(`<group-member-set>${members}</group-member-set>`));
    await delegate('<href>/principals/__uids__/id-bob/</href>');
    const hrefs = Array.from({ length: 50 }, (_, at) => `<href>${CALENDAR}e${String(at)}.ics</href>`).join('');
    const requests: readonly (readonly [string, string, string | undefined])[] = [
      ['GET', `${CALENDAR}e7.ics`, undefined], ['PROPFIND', CALENDAR, propfind('<getetag/>')], ['REPORT', CALENDAR, query('<C:calendar-data/>')],
      ['REPORT', CALENDAR, `<C:calendar-multiget ${NAMESPACES}><prop><C:calendar-data/></prop>${hrefs}</C:calendar-multiget>`],
    ];
    for (const [method, path, body] of requests) {
      // Who acts for whom is looked up once after a change of delegates.
      await costOf(method, path, body, { Depth: '1' }, 'bob');
      const [his, hers] = [await costOf(method, path, body, { Depth: '1' }, 'bob'), await costOf(method, path, body, { Depth: '1' })];
      expect([his.statements, his.rows, his.fileOpens, objectsIn(his)], `${method} ${body?.slice(0, 20) ?? ''}`).toEqual([hers.statements, hers.rows, hers.fileOpens, objectsIn(hers)]);
    }
    await delegate('');
  });

  it('reads locks where a home has some, with one statement, and nowhere else', async () => {
    const put = async (summary: string): Promise<number> => (await costOf('PUT', `${CALENDAR}held.ics`, event('held', { start: NOW - DAY, summary }).body)).statements;
    await put('one');
    const without = await put('two');
    const body = `<lockinfo ${NAMESPACES}><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>`;
    const { answer } = await costOf('LOCK', `${CALENDAR}e1.ics`, body);
    expect(await put('three')).toBe(without + 1);
    await costOf('UNLOCK', `${CALENDAR}e1.ics`, undefined, { 'Lock-Token': answer.headers.get('lock-token')! });
    expect(await put('four')).toBe(without);
    await costOf('DELETE', `${CALENDAR}held.ics`);
  });

  it('stores and removes an event with one commit each', async () => {
    expect(await costOf('PUT', `${CALENDAR}new.ics`, event('new', { start: NOW - DAY }).body)).toMatchObject({ commits: 1, fileOpens: 0 });
    expect(await costOf('PUT', `${CALENDAR}new.ics`, event('new', { start: NOW - 2 * DAY }).body)).toMatchObject({ commits: 1, fileOpens: 0 });
    expect(await costOf('DELETE', `${CALENDAR}new.ics`)).toMatchObject({ commits: 1, fileOpens: 0 });
  });

  it('judges events by lists of their own with one point read for each that has one, and none for its neighbours (RFC 3744)', async () => {
    const read = '<grant><privilege><read/></privilege></grant>';
    const ace = (principal: string, sense: string): string => `<ace><principal>${principal}</principal>${sense}</ace>`;
    const bob = '<href>/principals/__uids__/id-bob/</href>';
    await costOf('ACL', CALENDAR, `<acl ${NAMESPACES}>${ace(bob, read)}</acl>`);
    const asked = async (): Promise<readonly Cost[]> => [
      await costOf('GET', `${CALENDAR}e7.ics`, undefined, {}, 'bob'),
      await costOf('PROPFIND', CALENDAR, propfind('<getetag/>'), { Depth: '1' }, 'bob'),
      await costOf('REPORT', CALENDAR, syncCollection(), {}, 'bob'),
      await costOf('REPORT', CALENDAR, calendarMultiget('<getetag/>', [`${CALENDAR}e1.ics`, `${CALENDAR}e7.ics`]), {}, 'bob'),
      await costOf('REPORT', CALENDAR, query('<C:calendar-data/>'), { Depth: '1' }, 'bob'),
      await costOf('REPORT', CALENDAR, `<C:free-busy-query ${NAMESPACES}>${month}</C:free-busy-query>`, { Depth: '1' }, 'bob'),
    ];
    await asked();
    const before = await asked();
    await costOf('ACL', `${CALENDAR}e100.ics`, `<acl ${NAMESPACES}>${ace('<href>/principals/__uids__/id-amy/calendar-proxy-read/</href>', read)}${ace(bob, read.replaceAll('grant', 'deny'))}</acl>`);
    await asked();
    const after = await asked();
    // e100 is looked at by the second, the third and the last two.
    expect(after.map(({ statements }, at) => statements - before[at]!.statements)).toEqual([0, 1, 1, 0, 1, 1]);
    expect([before, after].map((costs) => costs.map(({ answer: { text } }) => text.includes('e100.ics')))).toEqual([[false, true, true, false, true, false], Array<boolean>(6).fill(false)]);
  });
});
