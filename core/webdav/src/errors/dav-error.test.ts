import { StoreError } from '@kalends/contracts';
import type { StoreErrorCode } from '@kalends/contracts';
import { describe, expect, it } from 'vitest';
import { XmlWriter } from '../xml/write.ts';
import { DavError, condition } from './dav-error.ts';
import { fromStore } from './from-store.ts';
import { needPrivileges } from './preconditions.ts';
import { writeErrorElement } from './write-error.ts';

const written = (error: DavError, id?: string): string => {
  const xml = new XmlWriter();
  writeErrorElement(xml, error, id);
  return xml.take();
};

describe('errors', () => {
  it('name their condition, what the RFC wants in it, and one sentence with the request (RFC 4918 §16)', () => {
    const taken = condition<string>('urn:c', 'taken', 409, (xml, href) => xml.href(href), 'It is taken.');
    const error = taken('/a&b');
    expect([error.status, error.is(taken), error.message]).toEqual([409, true, 'It is taken.']);
    expect(written(error, 'id1')).toBe("<error xmlns='DAV:'><taken xmlns='urn:c'><href xmlns='DAV:'>/a&amp;b</href></taken><error-description xmlns='http://twistedmatrix.com/xml_namespace/dav/'>It is taken. (request id1)</error-description></error>");
    expect(taken('/x', 'By amy.').message).toBe('By amy.');
  });
  it('have a sentence though nobody gave one', () => {
    expect([condition('urn:c', 'x', 403)().message, new DavError(404).message]).toEqual(['The condition "x" does not hold.', 'Not Found.']);
  });
  it('name resource and privilege that are missing (RFC 3744 §7.1.1)', () => {
    expect(written(needPrivileges([{ href: '/x', privilege: { ns: 'DAV:', local: 'bind' } }]))).toContain('<need-privileges><resource><href>/x</href><privilege><bind/></privilege></resource></need-privileges>');
  });
});

describe('what a store throws', () => {
  it.each<[StoreErrorCode, number, string | undefined]>([
    ['etag-mismatch', 412, undefined], ['exists', 412, undefined], ['not-found', 404, undefined], ['uid-taken', 403, undefined], ['too-large', 413, undefined], ['too-many', 403, 'max-resources'],
    ['over-quota', 507, 'quota-not-exceeded'], ['no-space', 507, 'sufficient-disk-space'], ['collection-gone', 409, undefined], ['revision-gone', 403, 'valid-sync-token'], ['busy', 503, undefined], ['read-only', 403, undefined], ['corrupt', 500, undefined],
  ])('%s becomes %i %s (2.10 of the plan)', (code, status, local) => {
    const error = fromStore(new StoreError(code, 'inside')) as DavError;
    expect([error.status, error.condition?.name.local]).toEqual([status, local]);
    expect(error.message).not.toContain('inside');
  });
  it('says when to come back to a busy store, and takes a package\'s own row first', () => {
    expect((fromStore(new StoreError('busy', '')) as DavError).headers).toEqual({ 'Retry-After': '1' });
    expect(fromStore(new StoreError('exists', ''), { exists: () => new DavError(405) })).toMatchObject({ status: 405 });
  });
  it('leaves what is no store error as it is', () => {
    const error = new TypeError('x');
    expect(fromStore(error)).toBe(error);
  });
});
