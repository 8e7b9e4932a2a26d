import { describe, expect, it } from 'vitest';
import { calendar, event, objectOf, text, todo } from '../fixtures/given.ts';
import { alarmPurpose, readAlarm, withDefaultAlarm, withoutDuplicateAlarms } from './default-alarm.ts';

const ALARM = 'BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:Soon\nTRIGGER:-PT15M\nEND:VALARM\n';
const NOON = 'DTSTART:20260304T120000Z';
const alarm = readAlarm(ALARM).alarm!;

describe('a default alarm', () => {
  it('is one VALARM with ACTION and TRIGGER, but one that does nothing needs no TRIGGER (RFC 5545 §3.6.6)', () => {
    expect(alarm.name).toBe('VALARM');
    expect(readAlarm('BEGIN:VALARM\r\nACTION:NONE\r\nEND:VALARM').alarm).toBeDefined();
    expect(readAlarm(ALARM.replace('ACTION:DISPLAY\n', '')).problem?.message).toBe('VALARM without ACTION');
    expect(readAlarm(ALARM.replace('-PT15M', 'x')).problem?.rule).toBe('RFC 5545 §3.8.6.3');
    for (const bad of ['', 'SUMMARY:x', ALARM + ALARM, `${ALARM}END:VEVENT\nBEGIN:VEVENT\n`, `END:VEVENT\nEND:VCALENDAR\nBEGIN:VCALENDAR\nBEGIN:VEVENT\n${ALARM}`]) expect(readAlarm(bad).problem).toBeDefined();
  });

  it('is chosen by kind and start of the main component; what has no time has none', () => {
    expect(alarmPurpose(objectOf(calendar(event(NOON))))).toBe('vevent-datetime');
    expect(alarmPurpose(objectOf(calendar(event('DTSTART;VALUE=DATE:20260304'))))).toBe('vevent-date');
    expect(alarmPurpose(objectOf(calendar(todo('DUE:20260304T120000Z'))))).toBe('vtodo-datetime');
    expect(alarmPurpose(objectOf(calendar(todo('DTSTART;VALUE=DATE:20260304', 'DUE;VALUE=DATE:20260305'))))).toBe('vtodo-date');
    expect(alarmPurpose(objectOf(calendar(todo('SUMMARY:x'))))).toBeUndefined();
    expect(alarmPurpose(objectOf(calendar('BEGIN:VJOURNAL', 'UID:a', 'DTSTAMP:20260101T000000Z', NOON, 'END:VJOURNAL')))).toBeUndefined();
  });

  it('is added where there is none, with CRLF and its mark; else the object is the same', () => {
    const object = objectOf(calendar(event(NOON)));
    expect(text(withDefaultAlarm(object, alarm).octets)).toContain('DTSTART:20260304T120000Z\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Soon\r\nTRIGGER:-PT15M\r\nX-APPLE-DEFAULT-ALARM:TRUE\r\nEND:VALARM\r\nEND:VEVENT\r\n');
    const own = objectOf(calendar(event(NOON, ALARM)));
    expect(withDefaultAlarm(own, alarm)).toBe(own);
    expect(withDefaultAlarm(object, readAlarm(ALARM.replace('DISPLAY', 'NONE')).alarm!)).toBe(object);
  });
});

describe('duplicate alarms', () => {
  it('are those of one ACTION and TRIGGER in one component: the first stays', () => {
    const object = objectOf(calendar(event(NOON, ALARM, ALARM.replace('Soon', 'Again'), ALARM.replace('DISPLAY', 'AUDIO'), ALARM.replace('-PT15M', '-PT5M'))));
    const left = text(withoutDuplicateAlarms(object).octets);
    expect(left.match(/BEGIN:VALARM/g)).toHaveLength(3);
    expect(left).not.toContain('Again');
  });

  it('in different components are none, and without any the object is the same', () => {
    const object = objectOf(calendar(event(NOON, 'RRULE:FREQ=DAILY', ALARM), event('RECURRENCE-ID:20260305T120000Z', 'DTSTART:20260305T130000Z', ALARM)));
    expect(withoutDuplicateAlarms(object)).toBe(object);
  });
});
