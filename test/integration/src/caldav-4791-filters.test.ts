/** CALDAV:filter over HTTP, rule by rule (RFC 4791 §7.3, §7.4, §7.8, §9.7, §9.9). The examples of the RFC are `caldav-4791-examples.test.ts`. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GivenServer } from './caldav-server.ts';
import { EASTERN, WORK, calendar, found, givenCalendar, query, report, vevent, vtodo } from './caldav-4791-given.ts';
import { NAMESPACES } from './dav.ts';

const range = (start: string, end: string): string => `<C:time-range${start === '' ? '' : ` start="${start}"`}${end === '' ? '' : ` end="${end}"`}/>`;
const comp = (name: string, inside: string): string => `<C:comp-filter name="${name}">${inside}</C:comp-filter>`;
const prop = (name: string, inside = ''): string => `<C:prop-filter name="${name}">${inside}</C:prop-filter>`;
const text = (value: string, attributes = ''): string => `<C:text-match ${attributes}>${value}</C:text-match>`;
/** A range of hours on 2026-03-10, UTC: `[from, to)`. */
const hours = (from: number, to: number): string => range(at(from), at(to));
const at = (hour: number): string => new Date(Date.UTC(2026, 2, 10, 0, hour * 60)).toISOString().replaceAll(/[-:]|\.\d+/g, '');

const NOON = 'DTSTART:20260310T120000Z';
const VJOURNAL = (uid: string, ...lines: readonly string[]): string => calendar('BEGIN:VJOURNAL', `UID:${uid}`, 'DTSTAMP:20260101T000000Z', ...lines, 'END:VJOURNAL');
const VFREEBUSY = (uid: string, ...lines: readonly string[]): string => calendar('BEGIN:VFREEBUSY', `UID:${uid}`, 'DTSTAMP:20260101T000000Z', ...lines, 'END:VFREEBUSY');

/** Component, lines, and ranges of hours with whether they overlap. */
const ROWS: readonly (readonly [string, string, readonly string[], readonly (readonly [number, number, boolean])[]])[] = [
  ['VEVENT with DTEND: start < DTEND AND end > DTSTART', 'VEVENT', [NOON, 'DTEND:20260310T140000Z'], [[10, 12, false], [10, 13, true], [13, 13.5, true], [14, 15, false]]],
  ['VEVENT with DURATION: start < DTSTART+DURATION AND end > DTSTART', 'VEVENT', [NOON, 'DURATION:PT2H'], [[10, 12, false], [13, 16, true], [14, 15, false]]],
  ['VEVENT with a DURATION of 0: start <= DTSTART AND end > DTSTART', 'VEVENT', [NOON, 'DURATION:PT0S'], [[11, 12, false], [12, 13, true]]],
  ['VEVENT with a DATE-TIME alone: start <= DTSTART AND end > DTSTART', 'VEVENT', [NOON], [[11, 12, false], [12, 13, true], [13, 14, false]]],
  ['VEVENT with a DATE alone: start < DTSTART+P1D AND end > DTSTART', 'VEVENT', ['DTSTART;VALUE=DATE:20260310'], [[-2, 0, false], [23, 24, true], [24, 25, false]]],
  ['VTODO with DTSTART and DURATION: start <= DTSTART+DURATION AND (end > DTSTART OR end >= DTSTART+DURATION)', 'VTODO', [NOON, 'DURATION:PT2H'], [[10, 12, false], [14, 15, true], [15, 16, false]]],
  ['VTODO with DTSTART and DUE: (start < DUE OR start <= DTSTART) AND (end > DTSTART OR end >= DUE)', 'VTODO', [NOON, 'DUE:20260310T140000Z'], [[10, 12, false], [13, 15, true], [14, 15, false]]],
  ['VTODO with DTSTART: start <= DTSTART AND end > DTSTART', 'VTODO', [NOON], [[11, 12, false], [12, 13, true], [13, 14, false]]],
  ['VTODO with DUE: start < DUE AND end >= DUE', 'VTODO', ['DUE:20260310T120000Z'], [[11, 12, true], [12, 13, false]]],
  ['VTODO with COMPLETED and CREATED: between them, both ends inside', 'VTODO', ['COMPLETED:20260310T140000Z', 'CREATED:20260310T120000Z'], [[10, 12, true], [13, 13.5, true], [14, 15, true], [15, 16, false], [10, 11, false]]],
  ['VTODO with COMPLETED: start <= COMPLETED AND end >= COMPLETED', 'VTODO', ['COMPLETED:20260310T120000Z'], [[11, 12, true], [12, 13, true], [13, 14, false]]],
  ['VTODO with CREATED: end > CREATED', 'VTODO', ['CREATED:20260310T120000Z'], [[10, 12, false], [12, 13, true], [500, 600, true]]],
  ['VTODO without any of them: TRUE', 'VTODO', [], [[-5000, -4000, true], [4000, 5000, true]]],
  ['VJOURNAL with a DATE-TIME: start <= DTSTART AND end > DTSTART', 'VJOURNAL', [NOON], [[11, 12, false], [12, 13, true]]],
  ['VJOURNAL with a DATE: start < DTSTART+P1D AND end > DTSTART', 'VJOURNAL', ['DTSTART;VALUE=DATE:20260310'], [[-2, 0, false], [23, 24, true], [24, 25, false]]],
  ['VJOURNAL without DTSTART: FALSE', 'VJOURNAL', ['SUMMARY:x'], [[-5000, 5000, false]]],
  ['VFREEBUSY with DTSTART and DTEND: start <= DTEND AND end > DTSTART', 'VFREEBUSY', [NOON, 'DTEND:20260310T140000Z'], [[10, 12, false], [14, 15, true], [15, 16, false]]],
  ['VFREEBUSY with periods: start < period end AND end > period start, whatever their type', 'VFREEBUSY', ['FREEBUSY;FBTYPE=FREE:20260310T120000Z/PT2H'], [[10, 12, false], [13, 15, true], [14, 15, false]]],
  ['VFREEBUSY without either: FALSE', 'VFREEBUSY', [], [[-5000, 5000, false]]],
];

describe('time-range of a component (§9.9), through the index and through the octets', () => {
  let server: GivenServer;
  const bodies = ROWS.map(([, kind, lines], index) => [`row${index}`, calendar(`BEGIN:${kind}`, `UID:row${index}`, 'DTSTAMP:20260101T000000Z', ...lines, `END:${kind}`)] as const);
  beforeAll(async () => { server = await givenCalendar(new Map(bodies)); });
  afterAll(() => server[Symbol.asyncDispose]());

  it.each(ROWS.map((row, index) => [row[0], index, ...row.slice(1)] as const))('%s', async (_rule, index, kind, _lines, cases) => {
    for (const [from, to, expected] of cases as (typeof ROWS)[number][3]) {
      const name = `row${String(index)}`;
      expect([from, to, (await found(server, comp(kind as string, hours(from, to)))).includes(name)]).toEqual([from, to, expected]);
      // The same with a condition that only the octets answer.
      const uid = prop('DTSTAMP', range('20260101T000000Z', '20260102T000000Z'));
      expect([from, to, (await found(server, comp(kind as string, hours(from, to) + uid))).includes(name)]).toEqual([from, to, expected]);
    }
  });
});

describe('time-range', () => {
  it('MUST consider every instance, as rules, dates and overrides make them (§9.9)', async () => {
    const series = calendar(
      ...EASTERN, 'BEGIN:VEVENT', 'UID:s', 'DTSTAMP:20260101T000000Z', 'DTSTART;TZID=US/Eastern:20260310T080000', 'DURATION:PT1H', 'RRULE:FREQ=DAILY;COUNT=5', 'EXDATE;TZID=US/Eastern:20260312T080000', 'RDATE;TZID=US/Eastern:20260320T080000',
      'END:VEVENT', 'BEGIN:VEVENT', 'UID:s', 'DTSTAMP:20260101T000000Z', 'RECURRENCE-ID;TZID=US/Eastern:20260313T080000', 'DTSTART;TZID=US/Eastern:20260316T080000', 'DURATION:PT1H', 'END:VEVENT',
    );
    await using server = await givenCalendar(new Map([['s', series]]));
    const days = [10, 11, 12, 13, 14, 15, 16, 20];
    const answers = await Promise.all(days.map(async (day) => (await found(server, comp('VEVENT', range(`202603${day}T000000Z`, `202603${day}T235959Z`)))).length));
    expect(answers).toEqual([1, 1, 0, 0, 1, 0, 1, 1]);
  });

  it('open at one end means -infinity or +infinity (§9.9)', async () => {
    await using server = await givenCalendar(new Map([['a', vevent('a', NOON)], ['b', vevent('b', 'DTSTART:20260410T120000Z')]]));
    expect(await found(server, comp('VEVENT', range('20260401T000000Z', '')))).toEqual(['b']);
    expect(await found(server, comp('VEVENT', range('', '20260401T000000Z')))).toEqual(['a']);
  });

  it.each([
    ['no end at all', range('', '')], ['the end before the start', range('20260402T000000Z', '20260401T000000Z')], ['the end at the start', range('20260401T000000Z', '20260401T000000Z')],
    ['a floating time', range('20260401T000000', '')], ['a date', range('20260401', '')], ['no time at all', range('soon', '')], ['two ranges', range('20260401T000000Z', '') + range('20260401T000000Z', '')],
  ])('MUST be two UTC date-times in order, at least one of them: %s is CALDAV:valid-filter (§7.8, §9.9)', async (_what, bad) => {
    await using server = await givenCalendar(new Map());
    const answer = await report(server, query(comp('VEVENT', bad)));
    expect([answer.status, answer.condition()]).toEqual([403, 'valid-filter']);
  });

  it.each([
    ['filter', query(comp('VEVENT', range('15000101T000000Z', '20260401T000000Z')))],
    ['filter of a property', query(comp('VEVENT', prop('DTSTART', range('15000101T000000Z', ''))))],
    ['expand', query(comp('VEVENT', ''), '<C:calendar-data><C:expand start="15000101T000000Z" end="20260401T000000Z"/></C:calendar-data>')],
    ['limit-recurrence-set', query(comp('VEVENT', ''), '<C:calendar-data><C:limit-recurrence-set start="15000101T000000Z" end="20260401T000000Z"/></C:calendar-data>')],
    ['free-busy-query', `<C:free-busy-query ${NAMESPACES}>${range('15000101T000000Z', '20260401T000000Z')}</C:free-busy-query>`],
  ])('of a %s MUST NOT begin before CALDAV:min-date-time (§7.8)', async (_what, body) => {
    await using server = await givenCalendar(new Map());
    const answer = await report(server, body);
    expect([answer.status, answer.condition()]).toEqual([403, 'min-date-time']);
    const limit = (await server.send('PROPFIND', WORK, `<D:propfind ${NAMESPACES}><D:prop><C:min-date-time/></D:prop></D:propfind>`, { Depth: '0' })).rows().get(WORK)!.properties.get('min-date-time')!.text;
    expect(answer.text).toContain(limit);
  });
});

describe('time-range of a property (§9.9)', () => {
  const OBJECTS = new Map([
    ['ends', vevent('ends', NOON, 'DTEND:20260310T140000Z')], ['lasts', vevent('lasts', NOON, 'DURATION:PT2H')], ['series', vevent('series', 'DTSTART:20260308T120000Z', 'DURATION:PT2H', 'RRULE:FREQ=DAILY;COUNT=5')],
    ['task', vtodo('task', NOON, 'DURATION:PT2H', 'LAST-MODIFIED:20260105T000000Z', 'CREATED:20260104T000000Z')], ['done', vtodo('done', 'COMPLETED:20260310T120000Z')],
  ]);
  let server: GivenServer;
  beforeAll(async () => { server = await givenCalendar(OBJECTS); });
  afterAll(() => server[Symbol.asyncDispose]());

  it.each([
    ['DTSTART: start <= date-time AND end > date-time, of every instance', 'VEVENT', 'DTSTART', 12, 13, ['ends', 'lasts', 'series']],
    ['DTSTART: not where the event only goes on', 'VEVENT', 'DTSTART', 13, 14, []],
    ['DTEND, or the effective one of a DURATION', 'VEVENT', 'DTEND', 14, 15, ['ends', 'lasts', 'series']],
    ['DTEND: the end of the range is outside', 'VEVENT', 'DTEND', 13, 14, []],
    ['DUE, or the effective one of a DURATION', 'VTODO', 'DUE', 14, 15, ['task']],
    ['COMPLETED', 'VTODO', 'COMPLETED', 12, 13, ['done']],
  ] as const)('%s', async (_rule, kind, name, from, to, expected) => {
    expect(await found(server, comp(kind, prop(name, hours(from, to))))).toEqual(expected);
  });

  it.each(['CREATED', 'LAST-MODIFIED', 'DTSTAMP'])('%s', async (name) => {
    const month = range('20260101T000000Z', '20260201T000000Z');
    expect(await found(server, comp('VTODO', prop(name, month)))).toContain(name === 'DTSTAMP' ? 'done' : 'task');
    expect(await found(server, comp('VTODO', prop(name, range('20260201T000000Z', '20260301T000000Z'))))).not.toContain('task');
  });

  it('that has no time is CALDAV:valid-filter, as SUMMARY (§7.8)', async () => {
    expect((await report(server, query(comp('VEVENT', prop('SUMMARY', hours(1, 2)))))).condition()).toBe('valid-filter');
  });
});

describe('time-range of VALARM (§9.9): start <= trigger AND end > trigger', () => {
  const alarm = (...lines: readonly string[]): readonly string[] => ['BEGIN:VALARM', 'ACTION:DISPLAY', 'DESCRIPTION:x', ...lines, 'END:VALARM'];
  it.each([
    ['before the start', vevent('a', NOON, 'DURATION:PT1H', ...alarm('TRIGGER:-PT1H')), [[10, 11, 0], [11, 12, 1], [12, 13, 0]]],
    ['from the end', vevent('a', NOON, 'DURATION:PT1H', ...alarm('TRIGGER;RELATED=END:PT1H')), [[13, 14, 0], [14, 15, 1]]],
    ['at a time of its own', vevent('a', NOON, ...alarm('TRIGGER;VALUE=DATE-TIME:20260310T200000Z')), [[12, 13, 0], [20, 21, 1]]],
    ['that repeats', vevent('a', NOON, ...alarm('TRIGGER:PT0S', 'REPEAT:2', 'DURATION:PT2H')), [[12, 13, 1], [13, 14, 0], [14, 15, 1], [16, 17, 1], [18, 19, 0]]],
    ['of a later instance', vevent('a', 'DTSTART:20260301T120000Z', 'RRULE:FREQ=DAILY', ...alarm('TRIGGER:-PT1H')), [[11, 12, 1], [12, 13, 0]]],
    ['of a to-do', vtodo('a', 'DUE:20260310T120000Z', ...alarm('TRIGGER;RELATED=END:-PT1H')), [[11, 12, 1], [12, 13, 0]]],
  ] as const)('%s', async (_what, body, cases) => {
    await using server = await givenCalendar(new Map([['a', body]]));
    const kind = body.includes('VTODO') ? 'VTODO' : 'VEVENT';
    for (const [from, to, count] of cases) expect([from, to, (await found(server, comp(kind, comp('VALARM', hours(from, to))))).length]).toEqual([from, to, count]);
  });
});

describe('floating times and dates (§7.3)', () => {
  const day = vevent('day', 'DTSTART;VALUE=DATE:20260310');
  const floats = vevent('floats', 'DTSTART:20260310T000000', 'DURATION:PT1H');
  const zone = (tzid: string, offset: string): string => ['BEGIN:VTIMEZONE', `TZID:${tzid}`, 'BEGIN:STANDARD', 'DTSTART:19700101T000000', `TZOFFSETFROM:${offset}`, `TZOFFSETTO:${offset}`, 'END:STANDARD', 'END:VTIMEZONE'].join('\r\n');
  const TIMEZONE = `<C:timezone>${calendar(zone('East', '+0500'))}</C:timezone>`;

  it('MUST be read in the query\'s timezone, else in CALDAV:calendar-timezone, else as the server chooses: UTC', async () => {
    for (const [calendarZone, more, matching] of [[undefined, '', [0, 1]], [zone('West', '-0300'), '', [3, 4]], [zone('West', '-0300'), TIMEZONE, [-5, -4]]] as const) {
      await using server = await givenCalendar(new Map([['day', day], ['floats', floats]]), calendarZone);
      expect(await found(server, comp('VEVENT', hours(matching[0], matching[1])), more)).toEqual(['day', 'floats']);
      expect(await found(server, comp('VEVENT', hours(matching[0] - 1, matching[0])), more)).toEqual([]);
    }
  });

  it.each([
    ['no calendar', 'nonsense'], ['no zone', calendar('BEGIN:VEVENT', 'UID:x', 'DTSTAMP:20260101T000000Z', NOON, 'END:VEVENT')], ['two zones', calendar(zone('A', '+0100'), zone('B', '+0200'))],
    ['a VCALENDAR without PRODID', calendar(zone('A', '+0100')).replace(/PRODID.*\r\n/, '')], ['a zone without offsets', calendar('BEGIN:VTIMEZONE', 'TZID:A', 'END:VTIMEZONE')],
  ])('the query\'s timezone MUST be one valid VTIMEZONE: %s is CALDAV:valid-calendar-data (§7.8)', async (_what, value) => {
    await using server = await givenCalendar(new Map());
    const answer = await report(server, query(comp('VEVENT', ''), '<D:getetag/>', `<C:timezone>${value}</C:timezone>`));
    expect([answer.status, answer.condition()]).toEqual([403, 'valid-calendar-data']);
  });

  it('of busy time MUST be read in CALDAV:calendar-timezone', async () => {
    await using server = await givenCalendar(new Map([['day', day]]), zone('West', '-0300'));
    expect((await report(server, `<C:free-busy-query ${NAMESPACES}>${range('20260309T000000Z', '20260313T000000Z')}</C:free-busy-query>`)).text).toContain('FREEBUSY;FBTYPE=BUSY:20260310T030000Z/P1D');
  });
});

describe('comp-filter, prop-filter, param-filter (§9.7.1 to §9.7.4)', () => {
  const OBJECTS = new Map([
    ['plain', vevent('plain', NOON, 'SUMMARY:Plain')], ['placed', vevent('placed', NOON, 'SUMMARY:Placed', 'LOCATION;LANGUAGE=de:Hütte')], ['alarmed', vevent('alarmed', NOON, 'SUMMARY:Alarmed', 'BEGIN:VALARM', 'ACTION:DISPLAY', 'TRIGGER:PT0S', 'END:VALARM')],
    ['own', calendar('BEGIN:VEVENT', 'UID:own', 'DTSTAMP:20260101T000000Z', NOON, 'X-MINE;X-HOW=loud:Yes', 'END:VEVENT')], ['todo', vtodo('todo')], ['note', VJOURNAL('note')], ['fb', VFREEBUSY('fb')],
  ]);
  let server: GivenServer;
  beforeAll(async () => { server = await givenCalendar(OBJECTS); });
  afterAll(() => server[Symbol.asyncDispose]());
  const absent = '<C:is-not-defined/>';
  const param = (name: string, inside = ''): string => `<C:param-filter name="${name}">${inside}</C:param-filter>`;

  it.each([
    ['a component that exists, the comp-filter empty', comp('VEVENT', ''), ['alarmed', 'own', 'placed', 'plain']],
    ['names in any case', comp('vevent', prop('location')), ['placed']],
    ['a component that does not exist (is-not-defined)', comp('VEVENT', absent), ['fb', 'note', 'todo']],
    ['a component inside', comp('VEVENT', comp('VALARM', '')), ['alarmed']],
    ['no such component inside', comp('VEVENT', comp('VALARM', absent)), ['own', 'placed', 'plain']],
    ['all conditions of one component', comp('VEVENT', comp('VALARM', prop('ACTION', text('display'))) + prop('SUMMARY', text('alarm'))), ['alarmed']],
    ['a property that exists, the prop-filter empty', comp('VEVENT', prop('LOCATION')), ['placed']],
    ['a property that does not exist', comp('VEVENT', prop('LOCATION', absent)), ['alarmed', 'own', 'plain']],
    ['a parameter that exists', comp('VEVENT', prop('LOCATION', param('LANGUAGE'))), ['placed']],
    ['a parameter with a text', comp('VEVENT', prop('LOCATION', param('LANGUAGE', text('DE')))), ['placed']],
    ['a parameter that does not exist, of a property that does', comp('VEVENT', prop('LOCATION', param('LANGUAGE', absent))), []],
    ['a parameter that does not exist', comp('VEVENT', prop('SUMMARY', param('LANGUAGE', absent))), ['alarmed', 'placed', 'plain']],
    ['names that no standard knows (§7.7)', comp('VEVENT', prop('X-MINE', text('yes') + param('X-HOW', text('loud')))), ['own']],
    ['components that no standard knows (§7.7)', comp('X-THING', ''), []],
    ['properties of the calendar itself', prop('PRODID', text('Example Corp')), ['alarmed', 'fb', 'note', 'own', 'placed', 'plain', 'todo']],
    ['everything', '', ['alarmed', 'fb', 'note', 'own', 'placed', 'plain', 'todo']],
  ] as const)('match %s', async (_what, filter, expected) => {
    expect(await found(server, filter)).toEqual(expected);
  });

  it.each([
    ['VEVENT inside VTODO', comp('VTODO', comp('VEVENT', ''))], ['VCALENDAR inside VEVENT', comp('VEVENT', comp('VCALENDAR', ''))], ['a comp-filter without a name', '<C:comp-filter/>'], ['text in a component', comp('VEVENT', text('x'))],
    ['is-not-defined beside a range', comp('VEVENT', absent + hours(1, 2))], ['is-not-defined beside a text', comp('VEVENT', prop('SUMMARY', absent + text('x')))], ['text and range of one property', comp('VEVENT', prop('DTSTART', text('x') + hours(1, 2)))],
    ['two texts of one property', comp('VEVENT', prop('SUMMARY', text('x') + text('y')))], ['a range in a parameter', comp('VEVENT', prop('SUMMARY', param('LANGUAGE', hours(1, 2))))], ['a negation that is neither yes nor no', comp('VEVENT', prop('SUMMARY', text('x', 'negate-condition="maybe"')))],
    ['a range of VCALENDAR', hours(1, 2)],
  ])('%s MUST NOT be: CALDAV:valid-filter (§7.8)', async (_what, filter) => {
    const answer = await report(server, query(filter));
    expect([answer.status, answer.condition()]).toEqual([403, 'valid-filter']);
  });

  it.each([
    ['no filter', `<C:calendar-query ${NAMESPACES}><D:prop><D:getetag/></D:prop></C:calendar-query>`],
    ['two filters', query('').replace('</C:calendar-query>', '<C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>')],
    ['two comp-filters at the top', query('').replace('</C:filter>', '<C:comp-filter name="VCALENDAR"/></C:filter>')],
    ['another component at the top', query('').replace('"VCALENDAR"', '"VEVENT"')],
  ])('%s MUST NOT be: CALDAV:valid-filter (§9.5, §9.7)', async (_what, body) => {
    const answer = await report(server, body);
    expect([answer.status, answer.condition()]).toEqual([403, 'valid-filter']);
  });
});

describe('text-match (§7.5, §9.7.5)', () => {
  const OBJECTS = new Map([
    ['tea', vevent('tea', NOON, 'SUMMARY:Tea at Two')], ['strasse', vevent('strasse', NOON, 'SUMMARY:Ölgasse 5')], ['escaped', vevent('escaped', NOON, 'SUMMARY:one\\, two\\nthree')], ['none', vevent('none', NOON)],
    ['many', vevent('many', NOON, 'SUMMARY:x', 'CATEGORIES:Work,Home', 'COMMENT:first', 'COMMENT:second')],
  ]);
  let server: GivenServer;
  beforeAll(async () => { server = await givenCalendar(OBJECTS); });
  afterAll(() => server[Symbol.asyncDispose]());
  const summary = (value: string, attributes = ''): Promise<readonly string[]> => found(server, comp('VEVENT', prop('SUMMARY', text(value, attributes))));

  it('is a substring match; the default collation is i;ascii-casemap', async () => {
    expect(await summary('EA AT')).toEqual(['tea']);
    expect(await summary('eaat')).toEqual([]);
    expect(await summary('')).toEqual(['escaped', 'many', 'strasse', 'tea']);
  });

  it('MUST support i;ascii-casemap: letters of ASCII alone have no case', async () => {
    expect(await summary('Ölgasse', 'collation="i;ascii-casemap"')).toEqual(['strasse']);
    expect(await summary('ÖLGASSE', 'collation="i;ascii-casemap"')).toEqual(['strasse']);
    expect(await summary('ölgasse', 'collation="i;ascii-casemap"')).toEqual([]);
    expect(await summary('tea', 'collation="default"')).toEqual(['tea']);
  });

  it('MUST support i;octet: case counts', async () => {
    expect(await summary('Tea', 'collation="i;octet"')).toEqual(['tea']);
    expect(await summary('tea', 'collation="i;octet"')).toEqual([]);
  });

  it('supports i;unicode-casemap (RFC 5051)', async () => {
    expect(await summary('ölGASSE', 'collation="i;unicode-casemap"')).toEqual(['strasse']);
  });

  it('matches what people read: escapes are undone (RFC 5545 §3.3.11)', async () => {
    expect(await summary('one, two')).toEqual(['escaped']);
    expect(await summary('two\\nthree')).toEqual([]);
  });

  it('negates: the property is there and does not match', async () => {
    expect(await summary('tea', 'negate-condition="yes"')).toEqual(['escaped', 'many', 'strasse']);
    expect(await summary('tea', 'negate-condition="no"')).toEqual(['tea']);
  });

  it('looks at every property of the name, and every value', async () => {
    expect(await found(server, comp('VEVENT', prop('COMMENT', text('second'))))).toEqual(['many']);
    expect(await found(server, comp('VEVENT', prop('CATEGORIES', text('home'))))).toEqual(['many']);
  });

  it('in a collation that nobody has is CALDAV:supported-collation (§7.5.1)', async () => {
    const answer = await report(server, query(comp('VEVENT', prop('SUMMARY', text('x', 'collation="i;basic"')))));
    expect([answer.status, answer.condition()]).toEqual([403, 'supported-collation']);
  });

  it('has its collations in CALDAV:supported-collation-set of what can be searched, not in allprop (§7.5.1)', async () => {
    for (const path of [WORK, `${WORK}tea.ics`]) {
      const set = (await server.send('PROPFIND', path, `<D:propfind ${NAMESPACES}><D:prop><C:supported-collation-set/></D:prop></D:propfind>`, { Depth: '0' })).rows().get(path)!.properties.get('supported-collation-set')!;
      expect(set.children.map((child) => child.text)).toEqual(expect.arrayContaining(['i;ascii-casemap', 'i;octet']));
    }
    expect((await server.send('PROPFIND', WORK, `<D:propfind ${NAMESPACES}><D:allprop/></D:propfind>`, { Depth: '0' })).text).not.toContain('collation');
  });
});
