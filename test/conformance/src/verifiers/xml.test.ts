import { describe, expect, it } from 'vitest';
import { verification } from '../verification.fixture.ts';
import { xmlDataMatch, xmlElementMatch } from './xml.ts';

const BODY = `<D:r xmlns:D="DAV:" xmlns:J="urn:j"><D:a kind="k">text here</D:a><D:empty/>
  <D:b><D:c>1</D:c><D:d>yes</D:d></D:b><D:b><D:c>2</D:c><D:d>no</D:d></D:b>
  <J:cal>BEGIN:VCALENDAR&#13;
END:VCALENDAR</J:cal><J:json>{"a":1}</J:json></D:r>`;
const exists = (path: string) => xmlElementMatch(verification({ exists: [path] }, { body: BODY }));
const notExists = (path: string) => xmlElementMatch(verification({ notexists: [path] }, { body: BODY }));

describe('xmlElementMatch', () => {
  it.each([
    '/{DAV:}r/{DAV:}a', '{DAV:}r/{DAV:}a', '/{DAV:}r/{DAV:}a[@kind]', '/{DAV:}r/{DAV:}a[@kind="k"]', '/{DAV:}r/{DAV:}a[=text here]', '/{DAV:}r/{DAV:}a[!other]', '/{DAV:}r/{DAV:}a[*ext]',
    '/{DAV:}r/{DAV:}a[$other]', '/{DAV:}r/{DAV:}a[+text]', '/{DAV:}r/{DAV:}b[^{DAV:}c=2]', '/{DAV:}r/{DAV:}b[^{DAV:}d]', '/{DAV:}r/{DAV:}empty[|]', '/{DAV:}r/{DAV:}b[||]',
    '/{DAV:}r/{urn:j}cal[icalendar]', '/{DAV:}r/{urn:j}json[json]', '/{DAV:}r/{DAV:}b/{DAV:}c[=2]/../{DAV:}d[=no]', '/{DAV:}r/{DAV:}a[@kind="k"][*here]',
  ])('%s is found', (path) => {
    expect(exists(path)).toEqual([]);
    expect(notExists(path)).toHaveLength(1);
  });
  it.each([
    '/{DAV:}s/{DAV:}a', '/{DAV:}r/{DAV:}x', '/{DAV:}r/{DAV:}a[@other]', '/{DAV:}r/{DAV:}a[@kind="l"]', '/{DAV:}r/{DAV:}a[=text]', '/{DAV:}r/{DAV:}a[!text here]', '/{DAV:}r/{DAV:}a[*nothing]',
    '/{DAV:}r/{DAV:}a[$text]', '/{DAV:}r/{DAV:}a[+here]', '/{DAV:}r/{DAV:}b[^{DAV:}c=3]', '/{DAV:}r/{DAV:}b[^{DAV:}e]', '/{DAV:}r/{DAV:}b[|]', '/{DAV:}r/{DAV:}empty[||]',
    '/{DAV:}r/{urn:j}json[icalendar]', '/{DAV:}r/{urn:j}cal[json]', '/{DAV:}r/{DAV:}b/{DAV:}c[=2]/../{DAV:}d[=yes]',
  ])('%s is not', (path) => {
    expect(exists(path)).toHaveLength(1);
    expect(notExists(path)).toEqual([]);
  });
  it('begins at the one element that `parent` leads to', () => {
    const at = (parent: string, path: string) => xmlElementMatch(verification({ parent: [parent], exists: [path] }, { body: BODY }));
    expect(at('/{DAV:}r/{DAV:}b[^{DAV:}c=2]', '{DAV:}b/{DAV:}d[=no]')).toEqual([]);
    expect(at('/{DAV:}r/{DAV:}b[^{DAV:}c=1]', '{DAV:}b/{DAV:}d[=no]')).toHaveLength(1);
    expect(at('/{DAV:}r/{DAV:}b', '{DAV:}b')).toEqual(['2 elements at /{DAV:}r/{DAV:}b']);
  });
  it('fails on another status, no body and no XML', () => {
    expect(xmlElementMatch(verification({}, { status: 404, body: BODY }))).toEqual(['HTTP status 404']);
    expect(xmlElementMatch(verification({}))).toEqual(['no body']);
    expect(() => xmlElementMatch(verification({}, { body: '<a>' }))).toThrow();
  });
});

describe('xmlDataMatch', () => {
  const given = (file: string, body: string, filter: readonly string[] = []) => xmlDataMatch(verification({ filepath: ['f.xml'], filter }, { body, files: { 'f.xml': file } }));
  it('passes on the same document, whatever its prefixes and white space, and what the filter empties', async () => {
    expect(await given('<D:a xmlns:D="DAV:">\n  <D:b>x</D:b>\n</D:a>', "<a xmlns='DAV:'><b>x</b></a>")).toEqual([]);
    expect(await given('<a><b k="1">x</b></a>', '<a><b>y</b></a>', ['b'])).toEqual([]);
  });
  it('fails on another one', async () => {
    expect(await given('<a><b>x</b></a>', '<a><b>y</b></a>')).not.toEqual([]);
    expect(await given('<a><b>x</b><c/></a>', '<a><b>y</b></a>', ['b'])).not.toEqual([]);
  });
});
