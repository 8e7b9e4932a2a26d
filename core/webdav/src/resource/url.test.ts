import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DavError } from '../errors/dav-error.ts';
import { escapeSegment } from './href.ts';
import { parsePath, pathOfHref } from './url.ts';

const ours = (authority: string): boolean => authority === 'cal.example.com';

describe('paths', () => {
  it('gives decoded segments in one Unicode form, and the path as it was written', () => {
    expect(parsePath('//a%20b///cafe%CC%81/')).toEqual({ segments: ['a b', 'café'], path: '/a%20b/cafe%CC%81/', slash: true });
    expect(parsePath('/')).toEqual({ segments: [], path: '/', slash: true });
  });
  it.each([['a', 400], ['/%', 400], ['/%c3', 400], ['/a/../b', 400], ['/%2E', 400], ['/a%2Fb', 404], ['/a%5Cb', 404], ['/%00', 400], ['/a#b', 400], [`/${'é'.repeat(128)}`, 414], ['/a'.repeat(101), 414]])('refuses %s with %i', (path, status) => {
    const refused = (): unknown => {
      try {
        return parsePath(path);
      } catch (error) {
        return error;
      }
    };
    expect(refused()).toBeInstanceOf(DavError);
    expect(refused()).toMatchObject({ status });
  });
  it('reads back every name that it escapes', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (name) => {
      fc.pre(name.isWellFormed() && !/[/\\\0-\x1f\x7f]/.test(name) && name !== '.' && name !== '..');
      expect(parsePath(`/${escapeSegment(name)}`).segments).toEqual([name.normalize('NFC')]);
    }));
  });
});

describe('hrefs', () => {
  it.each([
    ['/a/b?x#y', '/a/b'], ['c.ics', '/base/c.ics'], ['https://cal.example.com/a', '/a'], ['http://cal.example.com', '/'], ['//cal.example.com/a', '/a'], ['https://elsewhere.example/a', undefined], ['//elsewhere.example', undefined],
  ])('takes %s for %s', (href, path) => { expect(pathOfHref(href, '/base/x.ics', ours)).toBe(path); });
  it.each(['', '  ', 'mailto:a@example.com', 'urn:uuid:1'])('refuses %j', (href) => { expect(() => pathOfHref(href, '/', ours)).toThrow(DavError); });
});
