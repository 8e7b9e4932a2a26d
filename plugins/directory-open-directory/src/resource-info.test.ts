import { describe, expect, it } from 'vitest';
import { readResourceInfo } from './resource-info.ts';

const list = (inside: string, before = ''): string => `<?xml version="1.0"?>${before}<plist version="1.0"><dict><key>com.apple.WhitePagesFramework</key><dict>${inside}</dict></dict></plist>`;
const nothing = { autoAccepts: undefined, write: [], read: [] };

describe('what Open Directory says of a room or a thing', () => {
  it('is read', () => {
    expect(readResourceInfo(list('<key>AutoAcceptsInvitation</key><false/><key>CalendaringDelegate</key><string>A-1</string><key>ReadOnlyCalendaringDelegate</key><string></string>'))).toEqual({ autoAccepts: false, write: ['A-1'], read: [] });
  });

  it.each([
    ['no list', 'text'], ['cut off', list('').slice(0, -5)], ['of another shape', list('<key>AutoAcceptsInvitation</key><string>yes</string>')], ['longer than any', list('<key>a</key><string>b</string>'.repeat(3_000))],
    ['with entities', list('<key>CalendaringDelegate</key><string>&a;</string>', '<!DOCTYPE plist [<!ENTITY a "aaaa">]>')], ['about prototypes', list('<key>__proto__</key><dict><key>AutoAcceptsInvitation</key><true/></dict>')],
  ])('counts for nothing where it is %s', (_, text) => {
    expect(readResourceInfo(text)).toEqual(nothing);
    expect(Object.hasOwn(Object.prototype, 'AutoAcceptsInvitation')).toBe(false);
  });
});
