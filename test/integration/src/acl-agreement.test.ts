/**
 * One access function for every path: whatever lists a calendar and its events have, DAV:acl as the owner reads it, evaluated by the words of RFC 3744 §6 and
 * nothing of ours, foretells what each of GET, PROPFIND, REPORT, sync and free-busy shows to each person.
 */
import { createItemReader } from '@kalends/icalendar';
import { openFlatFileStore } from '@kalends/storage-flat-file';
import { event } from '@kalends/testkit';
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ace, acl, aclOf, busyHours, givenPeople } from './acl-given.ts';
import { calendarMultiget, calendarQuery, freeBusyQuery, propfind, setMembers, syncCollection } from './bodies.ts';
import { CALENDAR, NOW, PRINCIPAL } from './caldav-server.ts';
import type { Answer, GivenServer } from './caldav-server.ts';

const HOURS = ['08', '10', '12'] as const;
const EVENTS = HOURS.map((hour) => `${CALENDAR}e${hour}.ics`);
const READERS = ['amy', 'ben', 'cat', 'dan', 'root'] as const;

let server: GivenServer;

/** Events of amy's, and dan as her delegate who reads. */
async function fill(): Promise<void> {
  for (const [at, path] of EVENTS.entries()) await server.send('PUT', path, event(`e${String(at)}`, { start: NOW + Number(HOURS[at]) * 3600 }).body);
  await server.send('PROPPATCH', `${PRINCIPAL('amy')}calendar-proxy-read/`, setMembers('dan'));
}

/** The principals that stand for each: RFC 3744 §5.5.1. */
const IS: Readonly<Record<string, readonly string[]>> = {
  amy: ['amy', '<property owner>', '<all>', '<authenticated>'], ben: ['ben', '<all>', '<authenticated>'], cat: ['cat', 'staff', '<all>', '<authenticated>'],
  dan: ['dan', 'amy/calendar-proxy-read', '<all>', '<authenticated>'], root: ['root', '<all>', '<authenticated>'],
};
const HOLDS: Readonly<Record<string, readonly string[]>> = { all: ['read', 'read-free-busy'], read: ['read', 'read-free-busy'], 'read-free-busy': ['read-free-busy'] };

/** Of one privilege: the first entry that matches and names it decides. */
function may(lines: readonly string[], who: string, privilege: string): boolean {
  for (const line of lines) {
    const [, subject, sense, names] = /^(<[^>]+>|\S+) (grants|denies) ([^;]+)/.exec(line)!;
    if (IS[who]!.includes(subject!) && names!.split(' ').some((name) => HOLDS[name]?.includes(privilege) === true)) return sense === 'grants';
  }
  return false;
}
const reads = (lines: readonly string[], who: string): boolean => may(lines, who, 'read') && may(lines, who, 'read-free-busy');

const hrefs = (answer: Answer): readonly string[] => (answer.status === 207 ? [...answer.rows()].filter(([href, { status }]) => href !== CALENDAR && (status ?? 200) === 200).map(([href]) => href).sort() : []);
const report = (path: string, body: string, as: string): Promise<Answer> => server.send('REPORT', path, body, { Depth: '1' }, as);

const multiget = calendarMultiget('<getetag/>', EVENTS);
const LISTINGS: readonly ((as: string) => Promise<readonly string[]>)[] = [
  async (as) => hrefs(await server.send('PROPFIND', CALENDAR, propfind('<getetag/>'), { Depth: '1' }, as)),
  async (as) => hrefs(await report(CALENDAR, calendarQuery('<getetag/>'), as)),
  async (as) => hrefs(await report(CALENDAR, syncCollection(), as)),
  async (as) => [...(await server.send('GET', CALENDAR, undefined, {}, as)).text.matchAll(/UID:e(\d)/g)].map(([, at]) => EVENTS[Number(at)]!).sort(),
];
const freeBusy = freeBusyQuery('start="20260101T000000Z" end="20260102T000000Z"');

const principal = fc.constantFrom('ben', 'cat', 'dan', 'staff', `${PRINCIPAL('amy')}calendar-proxy-read/`, '<authenticated/>', '<all/>', '<unauthenticated/>', '<self/>');
const entry = fc.tuple(principal, fc.constantFrom('grant' as const, 'deny' as const), fc.constantFrom('read', 'C:read-free-busy', 'read read-acl', 'C:read-free-busy read')).map(([who, sense, names]) => ace(who, sense, names));
const list = fc.array(entry, { maxLength: 3 }).map((entries) => acl(...entries));

async function holds(): Promise<void> {
  await fc.assert(fc.asyncProperty(list, fc.tuple(list, list, fc.constant(acl())), async (above, own) => {
    for (const [path, body] of [[CALENDAR, above], ...EVENTS.map((path, at) => [path, own[at]!])] as const) expect((await server.send('ACL', path, body)).status).toBe(200);
    const [calendar, ...lists] = await Promise.all([CALENDAR, ...EVENTS].map((path) => aclOf(server, path)));
    for (const as of READERS) {
      const seen = EVENTS.filter((_, at) => reads(lists[at]!, as));
      const label = `${as}: ${above} ${own.join(' ')}`;
      expect(await Promise.all(EVENTS.map(async (path) => (await server.send('GET', path, undefined, {}, as)).status)), label).toEqual(EVENTS.map((path) => (seen.includes(path) ? 200 : 403)));
      expect(hrefs(await report(PRINCIPAL(as), multiget, as)), label).toEqual(seen);
      for (const listing of LISTINGS) expect(await listing(as), label).toEqual(reads(calendar!, as) ? seen : []);
      const told = HOURS.filter((_, at) => may(lists[at]!, as, 'read-free-busy'));
      expect(busyHours(await server.send('GET', `/calendars/__uids__/id-amy/freebusy?start=20260101T000000Z&end=20260102T000000Z`, undefined, {}, as)), label).toEqual(told);
      if (may(calendar!, as, 'read-free-busy')) expect(busyHours(await report(CALENDAR, freeBusy, as)), label).toEqual(told);
    }
  }), { numRuns: 10, seed: 3744 });
}

describe('every path shows what DAV:acl says, to everybody (RFC 3744 §6)', () => {
  it('over a store in memory', async () => {
    server = await givenPeople();
    await fill();
    await holds();
    await server[Symbol.asyncDispose]();
    expect(server.errors).toEqual([]);
  }, 60_000);

  it('over flat files', async () => {
    const path = mkdtempSync(join(tmpdir(), 'kalends-acl-'));
    const provider = await openFlatFileStore({ path, shards: 1, itemReader: createItemReader(() => NOW), writer: 'inline', checkpointSeconds: 3_600 });
    server = await givenPeople({ provider });
    await fill();
    await holds();
    await server[Symbol.asyncDispose]();
    await provider.close();
    rmSync(path, { recursive: true });
    expect(server.errors).toEqual([]);
  }, 60_000);
});
