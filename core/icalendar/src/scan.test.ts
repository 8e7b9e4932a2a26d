import { describe, expect, it } from 'vitest';
import { calendar, event, octets, text } from '../fixtures/given.ts';
import { findProperty, makeProperty, parameter, setProperty, withComponents } from './component.ts';
import { MAX_DEPTH, MAX_PROPERTIES } from './limits.ts';
import { parse } from './parse.ts';
import { readParameters } from './scan.ts';
import { serialize } from './serialize.ts';

const problemOf = (body: Uint8Array) => parse(body).problems?.[0];
const first = (body: Uint8Array) => parse(body).object!.parts[0]!;

describe('parse', () => {
  it('unfolds lines at space and tab (RFC 5545 §3.1)', () => {
    const part = first(Buffer.from('BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:one\r\n  two\r\n\tthree\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n'));
    expect(findProperty(part, 'SUMMARY')?.value).toBe('one twothree');
  });

  it('heals a fold inside a UTF-8 sequence and writes such an object anew (RFC 5545 §3.1)', () => {
    const whole = Buffer.from('BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Größe\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n');
    const at = whole.indexOf(0xc3) + 1;
    const broken = Buffer.concat([whole.subarray(0, at), Buffer.from('\r\n '), whole.subarray(at)]);
    const object = parse(broken).object!;
    expect(findProperty(object.parts[0]!, 'SUMMARY')?.value).toBe('Größe');
    expect(text(object.octets)).toBe(text(whole));
  });

  it('takes LF alone, blank lines, a byte order mark and lower case', () => {
    const object = parse(Buffer.from('\ufeffbegin:vcalendar\n\nbegin:vevent\nuid:x\nend:vevent\nend:vcalendar')).object!;
    expect(object.uid).toBe('x');
    expect(object.component).toBe('VEVENT');
  });

  it('is written with breaks that end no line in the middle, however many CR stand in it', () => {
    const object = parse(Buffer.from(`BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:x\nSUMMARY:a\rb${'\r'.repeat(1_000_000)}\n c\r\r\nEND:VEVENT\nEND:VCALENDAR\n`)).object!;
    const written = serialize(object.root);
    expect(text(written).replace(/ {9,}/, '…')).toBe(['BEGIN:VCALENDAR', 'BEGIN:VEVENT', 'UID:x', 'SUMMARY:a b…', ' c', 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n'));
    expect(parse(written).object?.uid).toBe('x');
  });

  it('keeps the octets as they came, a byte order mark aside', () => {
    const body = Buffer.from('BEGIN:VCALENDAR\nBEGIN:VEVENT\nX-ODD;a=b:c\nEND:VEVENT\nEND:VCALENDAR\n');
    expect(text(parse(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), body])).object!.octets)).toBe(text(body));
  });

  it.each([
    ['no colon', ['BEGIN:VCALENDAR', 'BEGIN:VEVENT', 'SUMMARY'], 3, '§3.1'],
    ['has no END', ['BEGIN:VCALENDAR', 'BEGIN:VEVENT'], 2, '§3.4'],
    ['ends BEGIN:VEVENT', ['BEGIN:VCALENDAR', 'BEGIN:VEVENT', 'END:VTODO'], 3, '§3.4'],
    ['without BEGIN', ['END:VCALENDAR'], 1, '§3.4'],
    ['outside VCALENDAR', ['SUMMARY:x'], 1, '§3.4'],
    ['no property name', ['BEGIN:VCALENDAR', ':x'], 2, '§3.1'],
    ['where VCALENDAR was expected', ['BEGIN:VEVENT', 'END:VEVENT'], 1, '§3.4'],
    ['more than one', ['BEGIN:VCALENDAR', 'END:VCALENDAR', 'BEGIN:VCALENDAR', 'END:VCALENDAR'], 3, '§3.4'],
  ])('refuses with line and rule: %s', (message, lines, line, section) => {
    expect(problemOf(octets(...lines))).toMatchObject({ kind: 'valid-calendar-data', line, rule: `RFC 5545 ${section}`, message: expect.stringContaining(message) as string });
  });

  it('refuses nothing at all (RFC 4791 §5.3.2.1)', () => {
    expect(problemOf(new Uint8Array())).toMatchObject({ kind: 'valid-calendar-data', message: 'empty' });
  });

  it('refuses what is not UTF-8, by line (RFC 5545 §3.1.4)', () => {
    const body = Buffer.concat([Buffer.from('BEGIN:VCALENDAR\r\nX-A:'), Buffer.from([0xe9]), Buffer.from('\r\nEND:VCALENDAR\r\n')]);
    expect(problemOf(body)).toMatchObject({ kind: 'valid-calendar-data', line: 2, rule: 'RFC 5545 §3.1.4' });
  });

  it('refuses control characters, by line (RFC 5545 §3.1)', () => {
    expect(problemOf(calendar(event('SUMMARY:a\u0007b')))).toMatchObject({ kind: 'valid-calendar-object-resource', line: 7, message: 'control character 0x07' });
    expect(problemOf(calendar(event('SUMMARY:tab\there')))).toBeUndefined();
  });

  it('refuses nesting, properties and components without end', () => {
    const deep = octets(...Array<string>(MAX_DEPTH + 1).fill('BEGIN:X'));
    expect(problemOf(deep)?.message).toContain('nested deeper');
    const many = Buffer.from(`BEGIN:VCALENDAR\r\n${'A:\r\n'.repeat(MAX_PROPERTIES + 1)}END:VCALENDAR\r\n`);
    expect(problemOf(many)?.message).toContain('more than');
  });
});

describe('parameters (RFC 5545 §3.2, RFC 6868)', () => {
  it('reads lists, quotes and encodings', () => {
    const parameters = readParameters(';CN="Novák, Jan";MEMBER="mailto:a@b","mailto:c@d";X=a^nb^^c^\'d^e;FLAG');
    expect([...parameters]).toEqual([['CN', ['Novák, Jan']], ['MEMBER', ['mailto:a@b', 'mailto:c@d']], ['X', ['a\nb^c"d^e']], ['FLAG', []]]);
  });

  it('finds the value behind quoted colons, and behind a quote that is part of a name', () => {
    const part = first(calendar(event('ATTENDEE;CN="a:b;c";MEMBER="mailto:x@y","mailto:z@w","mailto:q@r":mailto:m@n', 'ORGANIZER;CN=O"Brien:mailto:o@b')));
    expect(findProperty(part, 'ATTENDEE')?.value).toBe('mailto:m@n');
    expect(parameter(findProperty(part, 'ORGANIZER')!, 'CN')).toBe('O"Brien');
  });
});

describe('serialize', () => {
  it('copies untouched lines bit for bit and writes the edited one', () => {
    const body = calendar(event('SUMMARY:old', `X-LONG:${'x'.repeat(200)}`, 'ATTENDEE;cn=lower;X-Y="":mailto:a@b'));
    const object = parse(body).object!;
    const part = object.parts[0]!;
    const edited = setProperty(part, 'SUMMARY', makeProperty('SUMMARY', 'new'));
    const written = serialize(withComponents(object.root, [edited]));
    expect(text(written)).toBe(text(body).replace('SUMMARY:old', 'SUMMARY:new'));
  });

  it('folds at 75 octets and never inside a character (RFC 5545 §3.1)', () => {
    const value = '🫖é'.repeat(60);
    const written = text(serialize({ name: 'VCALENDAR', properties: [{ name: 'X-A', parameters: new Map(), value }], components: [] }));
    for (const line of written.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
    expect(written.replace(/\r\n /g, '')).toContain(`X-A:${value}`);
    expect(written).not.toContain('\ufffd');
  });

  it('encodes parameters and cannot be made to write a line of its own (RFC 6868)', () => {
    const property = { name: 'ATTENDEE', parameters: new Map([['CN', ['a"b\nc^d']], ['X', ['p,q']]]), value: 'mailto:x\r\nEND:VEVENT' };
    expect(text(serialize({ name: 'VCALENDAR', properties: [property], components: [] }))).toBe('BEGIN:VCALENDAR\r\nATTENDEE;CN=a^\'b^nc^^d;X="p,q":mailto:x END:VEVENT\r\nEND:VCALENDAR\r\n');
  });
});
