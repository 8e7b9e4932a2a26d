import { describe, expect, it } from 'vitest';
import { NOW, calendar, event, fixtures, octets, text, todo } from '../fixtures/given.ts';
import { readObject } from './read-object.ts';
import { splitCalendar } from './split.ts';

const START = 'DTSTART:20260303T160000Z';
const other = (uid: string, ...lines: string[]) => event(START, ...lines).replace('UID:a', `UID:${uid}`);

describe('splitCalendar', () => {
  it('makes one object of each UID, with its overrides and the zones it names', () => {
    const { objects, problems, properties } = splitCalendar(fixtures().get('google-export.ics')!);
    expect(problems).toEqual([]);
    expect(objects.map(({ uid, component, line }) => [uid, component, line])).toEqual([['04jq7l5example0005@google.com', 'VEVENT', 27], ['1example0006@google.com', 'VEVENT', 52]]);
    expect(text(objects[0]!.octets).match(/BEGIN:(\w+)/g)).toEqual(['BEGIN:VCALENDAR', 'BEGIN:VTIMEZONE', 'BEGIN:DAYLIGHT', 'BEGIN:STANDARD', 'BEGIN:VEVENT', 'BEGIN:VEVENT']);
    expect(text(objects[1]!.octets)).not.toContain('VTIMEZONE');
    expect([properties.get('X-WR-CALNAME'), properties.get('X-WR-CALDESC')]).toEqual(['Family & friends', 'What we do, mostly']);
    for (const { octets: body } of objects) {
      expect(text(body)).not.toContain('METHOD');
      expect(readObject(body, { now: NOW })).toMatchObject({ repairs: [] });
    }
  });

  it('copies the octets of components bit for bit', () => {
    const odd = ['BEGIN:VEVENT', 'uid:b', START, `X-ODD;x-y="":${'long-'.repeat(40)}`, 'END:VEVENT'];
    const { objects } = splitCalendar(calendar(event(START), ...odd));
    expect(text(objects[1]!.octets)).toContain(odd.join('\r\n'));
  });

  it('keeps all but the object that holds a bad line', () => {
    const { objects, problems } = splitCalendar(calendar(event(START), other('b', 'a line without its colon'), 'BEGIN:VEVENT', 'UID:c', 'END:VTODO', 'END:VEVENT', other('d')));
    expect(objects.map(({ uid }) => uid)).toEqual(['a', 'd']);
    expect(problems.map(({ line, message }) => [line, message])).toEqual([[13, 'no colon in "a line without its colon"'], [17, 'END:VTODO ends BEGIN:VEVENT of line 15']]);
  });

  it('keeps what came before the end of a file that was cut off', () => {
    const whole = Buffer.from(calendar(event(START), other('b')));
    const { objects, problems } = splitCalendar(whole.subarray(0, whole.length - 40));
    expect(objects.map(({ uid }) => uid)).toEqual(['a']);
    expect(problems).toHaveLength(1);
  });

  it('reads a stream of several calendars', () => {
    const { objects, problems } = splitCalendar(Buffer.concat([calendar(event(START)), calendar(todo().replace('UID:a', 'UID:b'))]));
    expect([objects.map(({ component }) => component), problems]).toEqual([['VEVENT', 'VTODO'], []]);
  });

  it('makes the same UID of the same content where there is none', () => {
    const body = calendar('BEGIN:VEVENT', 'DTSTAMP:20260101T000000Z', START, 'SUMMARY:x', 'END:VEVENT');
    const again = Buffer.from(Buffer.from(body).toString().replace('20260101T000000Z', '20260202T000000Z'));
    const [one, two] = [splitCalendar(body).objects[0]!, splitCalendar(again).objects[0]!];
    expect(one.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(two.uid).toBe(one.uid);
    expect(text(one.octets)).toContain(`UID:${one.uid}`);
  });

  it('keeps the newer of two states of one event (RFC 5546 §2.1.5), and says so', () => {
    const { objects, problems } = splitCalendar(calendar(event(START, 'SEQUENCE:2', 'SUMMARY:new'), event(START, 'SEQUENCE:1', 'SUMMARY:old'), event(START, 'SEQUENCE:2', 'SUMMARY:new')));
    expect([objects.length, problems.length]).toEqual([1, 1]);
    expect(text(objects[0]!.octets)).toContain('SUMMARY:new');
  });

  it('keeps both of two events that share a UID, the second under another', () => {
    const { objects, problems } = splitCalendar(calendar(event(START), event('DTSTART:20260404T160000Z')));
    expect(objects.map(({ uid }) => uid)).toEqual(['a', expect.stringMatching(/^a-[0-9a-f]{8}$/)]);
    expect(problems).toHaveLength(1);
    for (const { octets: body } of objects) expect(readObject(body, { now: NOW }).problems).toBeUndefined();
  });

  it('says what it cannot store', () => {
    const { objects, problems } = splitCalendar(octets('BEGIN:VCALENDAR', 'BEGIN:X-OWN', 'END:X-OWN', 'END:VCALENDAR', 'BEGIN:VCARD', 'END:VCARD'));
    expect(objects).toEqual([]);
    expect(problems.map(({ message }) => message)).toEqual(['X-OWN cannot be stored', 'VCARD where VCALENDAR was expected']);
  });
});
