/** Filters as clients write them, and as they should not. */
import { DavError, parse } from '@kalends/webdav';
import { describe, expect, it } from 'vitest';
import { readFilter } from './read-filter.ts';

const filter = (inner: string) => readFilter(parse(`<C:filter xmlns:C="urn:ietf:params:xml:ns:caldav">${inner}</C:filter>`));
const within = (inner: string): string => `<C:comp-filter name="VCALENDAR">${inner}</C:comp-filter>`;
const refusal = (inner: string): string => {
  try {
    filter(inner);
    return 'accepted';
  } catch (error) {
    return error instanceof DavError ? `${error.status} ${error.condition?.name.local}` : String(error);
  }
};

describe('readFilter', () => {
  it('reads a month of events (RFC 4791 §7.8.1)', () => {
    expect(filter(within('<C:comp-filter name="VEVENT"><C:time-range start="20260301T000000Z" end="20260401T000000Z"/></C:comp-filter>'))).toEqual({
      name: 'VCALENDAR', properties: [], components: [{ name: 'VEVENT', range: { start: 1_772_323_200, end: 1_775_001_600 }, properties: [], components: [] }],
    });
  });

  it('leaves a range open where an end is missing (RFC 4791 §9.9)', () => {
    const { components } = filter(within('<C:comp-filter name="VTODO"><C:time-range start="20260301T000000Z"/></C:comp-filter>'));
    expect(components[0]!.range).toEqual({ start: 1_772_323_200, end: 2 ** 52 });
  });

  it('reads text and parameters of properties (RFC 4791 §7.8.6, §7.8.7)', () => {
    const { components } = filter(within(`<C:comp-filter name="VEVENT"><C:prop-filter name="attendee">
      <C:text-match collation="i;octet" negate-condition="yes">mailto:amy@example.com</C:text-match>
      <C:param-filter name="PARTSTAT"><C:text-match>NEEDS-ACTION</C:text-match></C:param-filter></C:prop-filter></C:comp-filter>`));
    expect(components[0]!.properties).toEqual([{
      name: 'ATTENDEE', text: { text: 'mailto:amy@example.com', collation: 'i;octet', negate: true },
      parameters: [{ name: 'PARTSTAT', text: { text: 'NEEDS-ACTION', collation: 'i;ascii-casemap', negate: false } }],
    }]);
  });

  it('reads calendarserver\'s `test` and `match-type`, and refuses other words in them', () => {
    const { any, components } = filter('<C:comp-filter name="VCALENDAR" test="anyof"><C:comp-filter name="VEVENT" test="allof"><C:prop-filter name="UID" test="anyof"><C:text-match match-type="starts-with">a</C:text-match></C:prop-filter></C:comp-filter></C:comp-filter>');
    expect([any, components[0]!.any]).toEqual([true, undefined]);
    expect(components[0]!.properties[0]).toEqual({ name: 'UID', any: true, text: { text: 'a', collation: 'i;ascii-casemap', negate: false, how: 'starts-with' }, parameters: [] });
    expect(refusal('<C:comp-filter name="VCALENDAR" test="noneof"/>')).toBe('403 valid-filter');
    expect(refusal(within('<C:comp-filter name="VEVENT"><C:prop-filter name="UID"><C:text-match match-type="like">a</C:text-match></C:prop-filter></C:comp-filter>'))).toBe('403 valid-filter');
  });

  it('reads what must not be there (RFC 4791 §9.7.4)', () => {
    const { components } = filter(within('<C:comp-filter name="VTODO"><C:prop-filter name="COMPLETED"><C:is-not-defined/></C:prop-filter></C:comp-filter>'));
    expect(components[0]!.properties).toEqual([{ name: 'COMPLETED', absent: true, parameters: [] }]);
  });

  it.each([
    ['no comp-filter', ''],
    ['another component outermost', '<C:comp-filter name="VEVENT"/>'],
    ['two outermost', '<C:comp-filter name="VCALENDAR"/><C:comp-filter name="VCALENDAR"/>'],
    ['a comp-filter without a name', within('<C:comp-filter/>')],
    ['a time-range of VCALENDAR', within('<C:time-range start="20260301T000000Z"/>')],
    ['a time-range without ends', within('<C:comp-filter name="VEVENT"><C:time-range/></C:comp-filter>')],
    ['a time-range that ends before it starts', within('<C:comp-filter name="VEVENT"><C:time-range start="20260301T000000Z" end="20260201T000000Z"/></C:comp-filter>')],
    ['a local time', within('<C:comp-filter name="VEVENT"><C:time-range start="20260301T000000"/></C:comp-filter>')],
    ['a day', within('<C:comp-filter name="VEVENT"><C:time-range start="20260301"/></C:comp-filter>')],
    ['a condition beside is-not-defined', within('<C:comp-filter name="VEVENT"><C:is-not-defined/><C:prop-filter name="UID"/></C:comp-filter>')],
    ['range and text of one property', within('<C:comp-filter name="VEVENT"><C:prop-filter name="DTSTART"><C:time-range start="20260301T000000Z"/><C:text-match>x</C:text-match></C:prop-filter></C:comp-filter>')],
    ['a text-match of a component', within('<C:comp-filter name="VEVENT"><C:text-match>x</C:text-match></C:comp-filter>')],
    ['an odd negate-condition', within('<C:comp-filter name="VEVENT"><C:prop-filter name="UID"><C:text-match negate-condition="maybe">x</C:text-match></C:prop-filter></C:comp-filter>')],
  ])('refuses %s (RFC 4791 §7.8 valid-filter)', (_, inner) => {
    expect(refusal(inner)).toBe('403 valid-filter');
  });

  it('refuses a collation that nobody knows (RFC 4791 §7.5.1)', () => {
    expect(refusal(within('<C:comp-filter name="VEVENT"><C:prop-filter name="UID"><C:text-match collation="i;klingon">x</C:text-match></C:prop-filter></C:comp-filter>'))).toBe('403 supported-collation');
  });
});
