import { describe, expect, it } from 'vitest';
import { verification } from '../verification.fixture.ts';
import { dataMatch, dataString, header, statusCode } from './http.ts';

describe('statusCode', () => {
  it.each([[{}, 204], [{ status: ['4xx'] }, 403], [{ status: ['201', '204'] }, 204]])('%j passes on %i', (values, status) => {
    expect(statusCode(verification(values, { status }))).toEqual([]);
  });
  it.each([[{}, 404], [{ status: ['4xx'] }, 200], [{ status: ['201'] }, 200]])('%j fails on %i', (values, status) => {
    expect(statusCode(verification(values, { status }))).toHaveLength(1);
  });
});

describe('header', () => {
  const headers = [['ETag', '"a"'], ['DAV', '1, 2'], ['DAV', 'calendar-access'], ['Content-Type', 'text/calendar; charset=utf-8']] as const;
  it.each(['ETag', '!Schedule-Tag', 'etag$"a"', 'ETag!"b"', '*DAV$.*calendar-access', '*DAV', 'Content-Type$text/calendar;charset=utf-8'])('%s passes', (expected) => {
    expect(header(verification({ header: [expected] }, { headers }))).toEqual([]);
  });
  it.each(['Schedule-Tag', '!ETag', 'ETag$"b"', 'ETag$a', 'ETag!"a"', '*DAV$.*calendar-proxy', 'DAV'])('%s fails', (expected) => {
    expect(header(verification({ header: [expected] }, { headers }))).toHaveLength(1);
  });
});

describe('dataString', () => {
  const body = 'BEGIN:X\r\nSUMMARY:a lo\r\n ng line\r\nEND:X\r\n';
  it('passes on what is there and what is not', () => {
    expect(dataString(verification({ contains: ['BEGIN:X\nSUMMARY'], notcontains: ['long'] }, { body }))).toEqual([]);
    expect(dataString(verification({ contains: ['a long line'], unwrap: [''] }, { body }))).toEqual([]);
    expect(dataString(verification({ empty: [''] }))).toEqual([]);
  });
  it('fails on what is not there, what is, and on a body where there should be none', () => {
    expect(dataString(verification({ contains: ['END:Y', 'a long line'], notcontains: ['END:X'] }, { body }))).toHaveLength(3);
    expect(dataString(verification({ empty: [''] }, { body }))).toHaveLength(1);
    expect(dataString(verification({ contains: ['x'] }))).toEqual(['no body']);
  });
});

describe('dataMatch', () => {
  const given = (file: string, body: string, status = 200) => dataMatch(verification({ filepath: ['f.ics'] }, { body, status, files: { 'f.ics': file } }));
  it('passes on the same text, whatever its line breaks and folds', async () => {
    expect(await given('A:1\nB:long\n', 'A:1\r\nB:lo\r\n ng\r\n')).toEqual([]);
    expect(await dataMatch(verification({ filepath: ['f.xml'] }, { body: "<a xmlns='DAV:'><b/></a>", files: { 'f.xml': '<D:a xmlns:D="DAV:">\n <D:b></D:b>\n</D:a>' } }))).toEqual([]);
  });
  it('fails on other text, naming the lines, and on other statuses', async () => {
    expect(await given('A:1\nB:2\n', 'A:1\r\nB:3\r\n')).toEqual(['the body is not that of f.ics', '- B:2', '+ B:3']);
    expect(await given('A', 'A', 201)).toEqual(['HTTP status 201']);
    expect(await dataMatch(verification({ filepath: ['f.xml'] }, { body: '<a><c/></a>', files: { 'f.xml': '<a><b/></a>' } }))).not.toEqual([]);
  });
});
