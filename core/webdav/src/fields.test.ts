import { describe, expect, it } from 'vitest';
import { DavError } from './errors/dav-error.ts';
import { readFields } from './fields.ts';

describe('header fields', () => {
  it.each([['0', 0], ['1', 1], ['infinity', 'infinity'], ['Infinity ', 'infinity'], ['1,noroot', 1]] as const)('reads Depth: %s (RFC 4918 §10.2)', (value, depth) => {
    expect(readFields({ depth: value }).depth).toBe(depth);
  });
  it.each([
    [{ prefer: 'return=minimal' }, [true, false, false]], [{ prefer: 'depth-noroot, return="minimal"' }, [true, false, true]], [{ prefer: 'return-minimal' }, [true, false, false]],
    [{ prefer: 'return=representation; foo=bar' }, [false, true, false]], [{ prefer: 'Return = Minimal;x="a,return=representation", wait=5' }, [true, false, false]],
    [{ prefer: 'respond-async; return=minimal' }, [false, false, false]], [{ prefer: 'return=representation, return=minimal' }, [false, true, false]],
    [{ prefer: 'x="return=minimal"' }, [false, false, false]], [{ brief: 't' }, [true, false, false]], [{ brief: 'f' }, [false, false, false]], [{ depth: '1,noroot' }, [false, false, true]], [{}, [false, false, false]],
  ])('reads %o as preferences (RFC 7240 §2, RFC 8144)', (headers, [minimal, representation, depthNoroot]) => {
    expect(readFields(headers).prefer).toMatchObject({ minimal, representation, depthNoroot });
  });
  it('reads lists of tags, bare ones too', () => {
    expect(readFields({ 'if-match': '"a", W/"b",c' }).ifMatch).toEqual([{ tag: 'a', weak: false }, { tag: 'b', weak: true }, { tag: 'c', weak: false }]);
    expect(readFields({ 'if-none-match': ' * ' }).ifNoneMatch).toBe('*');
    expect(readFields({ 'if-schedule-tag-match': '"s"' }).ifScheduleTagMatch).toBe('s');
  });
  it('reads If: tagged and untagged lists, Not, tokens and tags (RFC 4918 §10.4)', () => {
    expect(readFields({ if: '(<urn:1> Not ["e"]) </a> (["f"])(Not <DAV:no-lock>)' }).if).toEqual([
      { resource: undefined, conditions: [{ not: false, token: 'urn:1' }, { not: true, tag: 'e' }] },
      { resource: '/a', conditions: [{ not: false, tag: 'f' }] }, { resource: '/a', conditions: [{ not: true, token: 'DAV:no-lock' }] },
    ]);
  });
  it('reads tags of If that hold brackets, and bare ones', () => {
    expect(readFields({ if: '(["a[b]"] [W/"w"] [bare])' }).if).toEqual([{ resource: undefined, conditions: [{ not: false, tag: 'a[b]' }, { not: false, tag: 'w' }, { not: false, tag: 'bare' }] }]);
  });

  it.each(['<', '[', '["', 'not', ' '])('refuses an If of a million times %j, and in time: nobody has logged in yet', (text) => {
    expect(() => readFields({ if: `(${text.repeat(1_000_000)}x)` })).toThrow(DavError);
  });

  it.each(['\\"', '"', '"a', '\\', ' ', 'a='])('reads no wish out of a Prefer of %j without end, and in time', (text) => {
    expect(readFields({ prefer: `"${text.repeat(300_000)}, return=minimal\\` }).prefer).toMatchObject({ minimal: false, representation: false });
  });

  it('keeps apart an If that is one URI without a list', () => {
    expect(readFields({ if: ' <http://x/ctag> ' })).toMatchObject({ if: undefined, ifUri: 'http://x/ctag' });
  });
  it.each([{ depth: '2' }, { overwrite: 'x' }, { if: 'x' }, { if: '()' }, { if: '(<a>' }, { if: '(x)' }, { if: '</a>  </b>' }, { 'if-match': '' }, { 'if-match': ' , ' }])('refuses %o with 400', (headers) => {
    expect(() => readFields(headers)).toThrow(DavError);
  });
  it('takes what is no date for no field (RFC 9110 §13.1.3)', () => {
    expect(readFields({ 'if-modified-since': 'yesterday' }).ifModifiedSince).toBeUndefined();
    expect(readFields({ 'if-modified-since': 'Thu, 01 Jan 1970 00:00:10 GMT' }).ifModifiedSince).toBe(10_000);
  });
});
