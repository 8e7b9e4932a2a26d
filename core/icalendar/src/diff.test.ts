import { describe, expect, it } from 'vitest';
import { calendar, event, objectOf } from '../fixtures/given.ts';
import { isSameObject, isScheduling, onlyAnswersDiffer } from './diff.ts';

const START = 'DTSTART:20260303T160000Z';
const meeting = (partstat: string, ...lines: string[]) => objectOf(calendar(event(START, 'ORGANIZER:mailto:o@x', `ATTENDEE;PARTSTAT=${partstat};CN=Ann:mailto:a@x`, ...lines)));

describe('diff', () => {
  it('calls what has an ORGANIZER a scheduling object (RFC 6638 §3.1)', () => {
    expect([isScheduling(meeting('ACCEPTED')), isScheduling(objectOf(calendar(event(START))))]).toEqual([true, false]);
  });

  it('sees that only answers differ (RFC 6638 §3.2.10)', () => {
    expect(onlyAnswersDiffer(meeting('NEEDS-ACTION'), meeting('ACCEPTED', 'LAST-MODIFIED:20260101T000000Z', 'REQUEST-STATUS:2.0;Success'))).toBe(true);
    expect(onlyAnswersDiffer(meeting('ACCEPTED'), meeting('ACCEPTED', 'SUMMARY:x'))).toBe(false);
    expect(onlyAnswersDiffer(meeting('ACCEPTED'), meeting('ACCEPTED', 'ATTENDEE:mailto:b@x'))).toBe(false);
    expect(onlyAnswersDiffer(meeting('ACCEPTED'), meeting('ACCEPTED', 'BEGIN:VALARM', 'TRIGGER:-PT5M', 'END:VALARM'))).toBe(false);
  });

  it('looks past order, folding and stamps, and no further', () => {
    const one = objectOf(calendar(event(START, 'SUMMARY:x', 'ATTENDEE;CN="Ann";RSVP=TRUE:mailto:a@x')));
    const two = objectOf(calendar(event('ATTENDEE;RSVP=TRUE;CN=Ann:mailto:a@x', 'SUMMARY:\n x', START).replace('20260101', '20270101').replace('SUMMARY:\n', 'SUMMARY:\r\n')));
    expect(isSameObject(one, two)).toBe(true);
    expect(isSameObject(one, objectOf(calendar(event(START, 'SUMMARY:y', 'ATTENDEE;CN="Ann";RSVP=TRUE:mailto:a@x'))))).toBe(false);
  });
});
