/** Which media type a client gets (RFC 9110 §12.5.1). */
import type { DavRequest } from '@kalends/contracts';
import { DavError } from '@kalends/webdav';
import { describe, expect, it } from 'vitest';
import { negotiate } from './send-calendar.ts';

const asked = (accept?: string): string => {
  try {
    return negotiate({ http: { request: { headers: accept === undefined ? {} : { accept } } } } as unknown as DavRequest);
  } catch (error) {
    return error instanceof DavError ? String(error.status) : String(error);
  }
};

describe('negotiate', () => {
  it.each([
    [undefined, 'text/calendar'],
    ['*/*', 'text/calendar'],
    ['text/*', 'text/calendar'],
    ['application/calendar+json', 'application/calendar+json'],
    ['text/calendar;q=0.5, application/calendar+json', 'application/calendar+json'],
    ['application/*;q=0.2, text/calendar;q=0.1', 'application/calendar+json'],
    ['text/calendar;q=0, */*', 'application/calendar+json'],
    ['TEXT/CALENDAR; charset=utf-8', 'text/calendar'],
    ['text/html, image/png', '406'],
    ['text/calendar;q=0', '406'],
    ['nonsense', '406'],
  ])('takes %s as %s', (accept, media) => {
    expect(asked(accept)).toBe(media);
  });
});
