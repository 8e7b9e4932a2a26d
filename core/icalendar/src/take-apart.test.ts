/** One body, many objects: calendarserver-bulk-change §3, RFC 7265. */
import { describe, expect, it } from 'vitest';
import { NOW, calendar, event, text } from '../fixtures/given.ts';
import { toJcal } from './jcal.ts';
import { parse } from './parse.ts';
import { readObject } from './read-object.ts';
import { serialize } from './serialize.ts';
import { takeApart } from './take-apart.ts';

const START = 'DTSTART:20260303T160000Z';
const other = (uid: string, ...lines: string[]) => event(START, ...lines).replace('UID:a', `UID:${uid}`);
const ZONE = ['BEGIN:VTIMEZONE', 'TZID:Here', 'BEGIN:STANDARD', 'DTSTART:18000101T000000', 'TZOFFSETFROM:-0500', 'TZOFFSETTO:-0500', 'END:STANDARD', 'END:VTIMEZONE'].join('\n');

describe('takeApart', () => {
  it('makes one calendar of each UID, master and overrides together, each with the zones it names and the properties of the whole', async () => {
    const override = ['BEGIN:VEVENT', 'UID:a', 'RECURRENCE-ID:20260304T160000Z', 'DTSTAMP:20260101T000000Z', 'DTSTART;TZID=Here:20260304T170000', 'END:VEVENT'].join('\n');
    const { pieces } = await takeApart(calendar('X-WR-CALNAME:Ours', ZONE, event(START, 'RRULE:FREQ=DAILY;COUNT=3'), other('b'), override), 'text');
    const [a, b] = pieces!.map((piece) => text(serialize(piece.calendar!)));
    expect(pieces!.map(({ uid }) => uid)).toEqual(['a', 'b']);
    expect(a!.match(/BEGIN:(\w+)/g)).toEqual(['BEGIN:VCALENDAR', 'BEGIN:VTIMEZONE', 'BEGIN:STANDARD', 'BEGIN:VEVENT', 'BEGIN:VEVENT']);
    expect(b!.match(/BEGIN:(\w+)/g)).toEqual(['BEGIN:VCALENDAR', 'BEGIN:VEVENT']);
    expect([a, b].every((one) => one!.includes('X-WR-CALNAME:Ours'))).toBe(true);
    for (const one of [a, b]) expect(readObject(Buffer.from(one!), { now: NOW })).toMatchObject({ repairs: [] });
  });

  it('copies the octets of components bit for bit', async () => {
    const odd = ['BEGIN:VEVENT', 'uid:b', START, `X-ODD;x-y="":${'long-'.repeat(40)}`, 'END:VEVENT'].join('\n');
    const { pieces } = await takeApart(calendar(event(START), odd), 'text');
    expect(text(serialize(pieces![1]!.calendar!))).toContain(odd.replaceAll('\n', '\r\n'));
  });

  it('lets a broken object cost itself alone, under its UID and with its line', async () => {
    const { pieces } = await takeApart(calendar(event(START), other('b', 'a line without its colon'), other('c')), 'text');
    expect(pieces!.map(({ uid, problem }) => [uid, problem?.message])).toEqual([['a', undefined], ['b', 'no colon in "a line without its colon"'], ['c', undefined]]);
  });

  it('takes no half of an object: a broken override breaks its series', async () => {
    const { pieces } = await takeApart(calendar(event(START, 'RRULE:FREQ=DAILY;COUNT=3'), 'BEGIN:VEVENT', 'UID:a', 'RECURRENCE-ID:20260304T160000Z', 'oops', 'END:VEVENT'), 'text');
    expect(pieces!.map(({ uid, problem, calendar: whole }) => [uid, problem?.kind, whole])).toEqual([['a', 'valid-calendar-data', undefined]]);
  });

  it('refuses what uses a broken time zone, and nothing else', async () => {
    const { pieces } = await takeApart(calendar(ZONE.replace('TZOFFSETTO:-0500', 'oops'), event('DTSTART;TZID=Here:20260303T160000'), other('b')), 'text');
    expect(pieces!.map(({ problem }) => problem?.message)).toEqual(['no colon in "oops"', undefined]);
  });

  it('leaves objects without a UID, and components that cannot be stored, to those who judge objects', async () => {
    const { pieces } = await takeApart(calendar('BEGIN:VEVENT', START, 'END:VEVENT', 'BEGIN:X-THING', 'END:X-THING', other('b')), 'text');
    expect(pieces!.map(({ uid, problem }) => [uid, problem])).toEqual([[undefined, undefined], [undefined, undefined], ['b', undefined]]);
    expect(pieces!.map(({ calendar: whole }) => readObject(serialize(whole!), { now: NOW }).problems?.[0]?.kind)).toEqual(['valid-calendar-object-resource', 'valid-calendar-object-resource', undefined]);
  });

  it.each([
    ['nothing', ''], ['a page', '<html>'], ['no calendar', 'BEGIN:VCARD\r\nEND:VCARD\r\n'], ['time zones alone', text(calendar(ZONE))], ['a bad line of the calendar itself', text(calendar('oops', event(START)))],
    ['nesting without end', 'BEGIN:VCALENDAR\r\n'.repeat(20)],
  ])('refuses %s as a whole', async (_what, body) => {
    expect(await takeApart(Buffer.from(body), 'text')).toMatchObject({ problem: { kind: 'valid-calendar-data' } });
  });

  it('does the same with jCal (RFC 7265 §3)', async () => {
    const { object } = parse(calendar(ZONE, event('DTSTART;TZID=Here:20260303T160000'), other('b'), other('c')));
    const jcal = toJcal(object!.root) as unknown as [string, unknown[], unknown[][]];
    jcal[2][2] = ['vevent', [['uid', {}, 'text', 'b'], ['dtstart']], []];
    const { pieces } = await takeApart(Buffer.from(JSON.stringify(jcal)), 'json');
    expect(pieces!.map(({ uid, problem }) => [uid, problem?.kind])).toEqual([['a', undefined], ['b', 'valid-calendar-data'], ['c', undefined]]);
    expect(text(serialize(pieces![0]!.calendar!))).toContain('BEGIN:VTIMEZONE');
  });

  it.each(['', '{}', '[]', '["vcalendar"]', '["vcalendar",[],[]]', '["vcard",[],[]]', '["vcalendar",[["version"]],[]]'])('refuses %j as jCal', async (body) => {
    expect(await takeApart(Buffer.from(body), 'json')).toMatchObject({ problem: { kind: 'valid-calendar-data' } });
  });

  it('reads ten thousand objects in turns, so that others have theirs', async () => {
    const lines = Array.from({ length: 10_000 }, (_, at) => other(`uid-${at}`, `DESCRIPTION:${'x'.repeat(60)}`));
    let turns = 0;
    let reading = true;
    const count = (): void => {
      turns++;
      if (reading) setImmediate(count);
    };
    setImmediate(count);
    const { pieces } = await takeApart(calendar(...lines), 'text');
    reading = false;
    expect(pieces).toHaveLength(10_000);
    expect(turns).toBeGreaterThan(5);
  });
});
