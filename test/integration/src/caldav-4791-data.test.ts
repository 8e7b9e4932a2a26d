/** What reports give back (RFC 4791 §7.6 to §7.10, §9.6), and what calendars say of themselves (§5.2, §7), rule by rule over HTTP. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AMY_HOME, givenServer } from './caldav-server.ts';
import type { GivenServer } from './caldav-server.ts';
import { EASTERN, WORK, calendar, dataOf, givenCalendar, query, report, vevent, vtodo } from './caldav-4791-given.ts';
import { NAMESPACES } from './dav.ts';

const NOON = 'DTSTART:20260310T120000Z';
const MARCH = 'start="20260301T000000Z" end="20260401T000000Z"';
const EVENTS = '<C:comp-filter name="VEVENT"/>';
const ANY = '';

describe('calendar-data (§9.6)', () => {
  const OBJECTS = new Map([
    ['a', calendar('X-WR-CALNAME:mine', ...EASTERN, 'BEGIN:VEVENT', 'UID:a', 'DTSTAMP:20260101T000000Z', 'DTSTART;TZID=US/Eastern:20260310T080000', 'SUMMARY;LANGUAGE=en:Tea & cake', 'X-MINE;X-HOW=loud:yes', 'BEGIN:VALARM', 'ACTION:DISPLAY', 'TRIGGER:PT0S', 'END:VALARM', 'END:VEVENT')],
    ['series', calendar(
      ...EASTERN, 'BEGIN:VEVENT', 'UID:s', 'DTSTAMP:20260101T000000Z', 'DTSTART;TZID=US/Eastern:20260309T080000', 'DTEND;TZID=US/Eastern:20260309T090000', 'RRULE:FREQ=DAILY;COUNT=6', 'EXDATE;TZID=US/Eastern:20260311T080000', 'END:VEVENT', 'BEGIN:VEVENT',
      'UID:s', 'DTSTAMP:20260101T000000Z', 'RECURRENCE-ID;TZID=US/Eastern:20260312T080000', 'DTSTART;TZID=US/Eastern:20260320T080000', 'DTEND;TZID=US/Eastern:20260320T090000', 'END:VEVENT',
    )],
    ['days', vevent('days', 'DTSTART;VALUE=DATE:20260309', 'RRULE:FREQ=DAILY;COUNT=3')], ['tasks', vtodo('tasks', 'DTSTART:20260309T120000Z', 'DUE:20260309T130000Z', 'RRULE:FREQ=DAILY;COUNT=3')],
  ]);
  let server: GivenServer;
  beforeAll(async () => { server = await givenCalendar(OBJECTS); });
  afterAll(() => server[Symbol.asyncDispose]());
  const ask = async (name: string, inside: string, filter = ANY): Promise<readonly string[]> => dataOf(await report(server, query(filter, `<C:calendar-data>${inside}</C:calendar-data>`)), name);

  it('is the whole object by default, properties of others too (§5.3.3), as valid XML', async () => {
    expect(`${(await ask('a', '')).join('\r\n')}\r\n`).toBe(OBJECTS.get('a'));
    expect((await report(server, query(EVENTS, '<C:calendar-data/>'))).text).toContain('Tea &amp; cake');
  });

  it('holds the named properties and components, also those that no standard knows (§7.7, §9.6.1, §9.6.4)', async () => {
    const lines = await ask('a', '<C:comp name="VCALENDAR"><C:prop name="VERSION"/><C:prop name="x-wr-calname"/><C:comp name="VEVENT"><C:prop name="UID"/><C:prop name="X-MINE"/></C:comp></C:comp>');
    expect(lines).toEqual(['BEGIN:VCALENDAR', 'VERSION:2.0', 'X-WR-CALNAME:mine', 'BEGIN:VEVENT', 'UID:a', 'X-MINE;X-HOW=loud:yes', 'END:VEVENT', 'END:VCALENDAR']);
  });

  it('holds all components (allcomp, §9.6.2), all properties (allprop, §9.6.3)', async () => {
    const lines = await ask('a', '<C:comp name="VCALENDAR"><C:prop name="VERSION"/><C:allcomp/></C:comp>');
    expect(lines).toEqual(expect.arrayContaining(['BEGIN:VTIMEZONE', 'BEGIN:VALARM', 'SUMMARY;LANGUAGE=en:Tea & cake']));
    expect(lines).not.toContain('X-WR-CALNAME:mine');
    const bare = await ask('a', '<C:comp name="VCALENDAR"><C:allprop/><C:comp name="VEVENT"><C:allprop/></C:comp></C:comp>');
    expect(bare).toEqual(expect.arrayContaining(['X-WR-CALNAME:mine', 'SUMMARY;LANGUAGE=en:Tea & cake']));
    expect(bare.filter((line) => line.startsWith('BEGIN:'))).toEqual(['BEGIN:VCALENDAR', 'BEGIN:VEVENT']);
  });

  it('leaves values out where asked: name, parameters and colon stay (novalue, §9.6.4)', async () => {
    const lines = await ask('a', '<C:comp name="VCALENDAR"><C:comp name="VEVENT"><C:prop name="SUMMARY" novalue="yes"/><C:prop name="UID" novalue="no"/></C:comp></C:comp>');
    expect(lines).toEqual(['BEGIN:VCALENDAR', 'BEGIN:VEVENT', 'UID:a', 'SUMMARY;LANGUAGE=en:', 'END:VEVENT', 'END:VCALENDAR']);
  });

  it('expanded MUST hold one component an instance in range, RECURRENCE-ID but for the initial one, no recurrence, no zone, UTC (§9.6.5)', async () => {
    const lines = await ask('series', `<C:expand ${MARCH}/>`);
    expect(lines.join('\n')).not.toMatch(/RRULE|EXDATE|RDATE|EXRULE|TZID|VTIMEZONE/);
    const instances = lines.join('\n').match(/BEGIN:VEVENT[^]*?END:VEVENT/g)!.map((text) => [/DTSTART:(\S+)/.exec(text)?.[1], /RECURRENCE-ID:(\S+)/.exec(text)?.[1]]);
    expect(instances).toEqual([
      ['20260309T120000Z', undefined], ['20260310T120000Z', '20260310T120000Z'], ['20260313T120000Z', '20260313T120000Z'], ['20260314T120000Z', '20260314T120000Z'], ['20260320T120000Z', '20260312T120000Z'],
    ]);
    expect(await ask('series', '<C:expand start="20260401T000000Z" end="20260402T000000Z"/>')).not.toContain('BEGIN:VEVENT');
    expect((await ask('days', '<C:expand start="20260310T000000Z" end="20260311T000000Z"/>'))).toEqual(expect.arrayContaining(['DTSTART;VALUE=DATE:20260310', 'RECURRENCE-ID;VALUE=DATE:20260310']));
    expect((await ask('tasks', '<C:expand start="20260311T000000Z" end="20260312T000000Z"/>'))).toEqual(expect.arrayContaining(['DTSTART:20260311T120000Z', 'DUE:20260311T130000Z', 'RECURRENCE-ID:20260311T120000Z']));
  });

  it('expanded holds the asked properties alone (§7.8.3)', async () => {
    const lines = await ask('days', '<C:comp name="VCALENDAR"><C:comp name="VEVENT"><C:prop name="DTSTART"/></C:comp></C:comp><C:expand start="20260310T000000Z" end="20260311T000000Z"/>');
    expect(lines).toEqual(['BEGIN:VCALENDAR', 'BEGIN:VEVENT', 'DTSTART;VALUE=DATE:20260310', 'END:VEVENT', 'END:VCALENDAR']);
  });

  it('limited MUST hold the master and the overrides whose present or original time is in range (limit-recurrence-set, §9.6.6)', async () => {
    const overrides = async (range: string): Promise<number> => (await ask('series', `<C:limit-recurrence-set ${range}/>`)).filter((line) => line.startsWith('RECURRENCE-ID')).length;
    expect(await overrides('start="20260312T000000Z" end="20260313T000000Z"')).toBe(1);
    expect(await overrides('start="20260320T000000Z" end="20260321T000000Z"')).toBe(1);
    expect(await overrides('start="20260314T000000Z" end="20260315T000000Z"')).toBe(0);
    expect(await ask('series', '<C:limit-recurrence-set start="20260314T000000Z" end="20260315T000000Z"/>')).toEqual(expect.arrayContaining(['RRULE:FREQ=DAILY;COUNT=6', 'BEGIN:VTIMEZONE']));
  });

  it.each([
    ['expand without an end', '<C:expand start="20260301T000000Z"/>'], ['expand that ends before it starts', '<C:expand start="20260301T000000Z" end="20260201T000000Z"/>'], ['limit-recurrence-set with a date', '<C:limit-recurrence-set start="20260301" end="20260401"/>'],
    ['limit-freebusy-set without a start', '<C:limit-freebusy-set end="20260301T000000Z"/>'], ['expand beside limit-recurrence-set', `<C:expand ${MARCH}/><C:limit-recurrence-set ${MARCH}/>`], ['a comp without a name', '<C:comp/>'], ['an event at the top', '<C:comp name="VEVENT"/>'],
    ['a prop without a name', '<C:comp name="VCALENDAR"><C:prop/></C:comp>'],
  ])('MUST NOT be asked for with %s (§9.6)', async (_what, inside) => {
    const answer = await report(server, query(EVENTS, `<C:calendar-data>${inside}</C:calendar-data>`));
    expect([answer.status, answer.condition()]).toEqual([403, 'valid-filter']);
  });

  it.each(['content-type="text/plain"', 'content-type="text/calendar" version="1.0"', 'version="3.0"'])('MUST be of a type and version that the server has: %s is CALDAV:supported-calendar-data (§7.8, §7.9)', async (attributes) => {
    const data = `<C:calendar-data ${attributes}/>`;
    expect((await report(server, query(EVENTS, data))).condition()).toBe('supported-calendar-data');
    expect((await report(server, `<C:calendar-multiget ${NAMESPACES}><D:prop>${data}</D:prop><D:href>${WORK}a.ics</D:href></C:calendar-multiget>`)).condition()).toBe('supported-calendar-data');
  });

  it('is nothing of PROPFIND and PROPPATCH (§9.6)', async () => {
    const found = await server.send('PROPFIND', `${WORK}a.ics`, `<D:propfind ${NAMESPACES}><D:allprop/></D:propfind>`, { Depth: '0' });
    expect(found.text).not.toContain('BEGIN:VCALENDAR');
    expect((await server.send('PROPPATCH', `${WORK}a.ics`, `<D:propertyupdate ${NAMESPACES}><D:set><D:prop><C:calendar-data>x</C:calendar-data></D:prop></D:set></D:propertyupdate>`)).text).toContain('HTTP/1.1 403');
  });
});

describe('calendar-query (§7.8)', () => {
  it('MUST answer a response for each match, an empty multistatus for none, 404 for properties that are not there', async () => {
    await using server = await givenCalendar(new Map([['a', vevent('a', NOON)], ['b', vevent('b', NOON)]]));
    const answer = await report(server, query(EVENTS, '<D:getetag/><D:nothing/>'));
    expect([...answer.rows().values()].map(({ properties, missing }) => [properties.has('getetag'), missing])).toEqual([[true, ['nothing']], [true, ['nothing']]]);
    const none = await report(server, query('<C:comp-filter name="VTODO"/>'));
    expect([none.status, none.rows().size]).toEqual([207, 0]);
  });

  it('gives all properties, their names, or none, as PROPFIND does (§9.5)', async () => {
    await using server = await givenCalendar(new Map([['a', vevent('a', NOON)]]));
    const ask = (what: string) => report(server, query(EVENTS).replace(/<D:prop>.*<\/D:prop>/, what));
    expect((await ask('<D:allprop/>')).text).toContain('getcontenttype');
    expect((await ask('<D:propname/>')).text).toContain('<getetag/>');
    expect((await ask('')).rows().get(`${WORK}a.ics`)!.status).toBe(200);
  });

  it('fails with DAV:number-of-matches-within-limits where a deployment limits matches', async () => {
    await using server = await givenServer({ limits: { queryResults: 1 } });
    for (const name of ['a', 'b']) await server.send('PUT', `${AMY_HOME}calendar/${name}.ics`, vevent(name, NOON));
    const answer = await report(server, query(EVENTS), `${AMY_HOME}calendar/`);
    expect([answer.status, answer.condition()]).toEqual([403, 'number-of-matches-within-limits']);
  });
});

describe('free-busy-query (§7.10)', () => {
  const busy = async (objects: ReadonlyMap<string, string>): Promise<readonly string[]> => {
    await using server = await givenCalendar(objects);
    const answer = await report(server, `<C:free-busy-query ${NAMESPACES}><C:time-range ${MARCH}/></C:free-busy-query>`);
    return answer.text.split('\r\n').filter((line) => line.startsWith('FREEBUSY'));
  };
  const noon = (...lines: readonly string[]): ReadonlyMap<string, string> => new Map([['a', vevent('a', NOON, 'DURATION:PT1H', ...lines)]]);
  const at = (type: string): readonly string[] => [`FREEBUSY;FBTYPE=${type}:20260310T120000Z/PT1H`];

  it.each([
    ['no TRANSP, no STATUS', [], at('BUSY')], ['OPAQUE, CONFIRMED', ['TRANSP:OPAQUE', 'STATUS:CONFIRMED'], at('BUSY')], ['OPAQUE, TENTATIVE', ['STATUS:TENTATIVE'], at('BUSY-TENTATIVE')], ['OPAQUE, CANCELLED', ['STATUS:CANCELLED'], []],
    ['OPAQUE, a STATUS of its own', ['STATUS:X-MAYBE'], at('BUSY')], ['TRANSPARENT', ['TRANSP:TRANSPARENT'], []], ['TRANSPARENT, TENTATIVE', ['TRANSP:TRANSPARENT', 'STATUS:TENTATIVE'], []],
  ] as const)('derives FBTYPE from TRANSP and STATUS: %s', async (_what, lines, expected) => {
    expect(await busy(noon(...lines))).toEqual(expected);
  });

  it('considers VEVENT and VFREEBUSY alone; to-dos and journals make nobody busy', async () => {
    const part = (kind: string, ...lines: readonly string[]): string => calendar(`BEGIN:${kind}`, `UID:${kind}`, 'DTSTAMP:20260101T000000Z', ...lines, `END:${kind}`);
    const periods = part('VFREEBUSY', 'FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260310T120000Z/PT1H', 'FREEBUSY;FBTYPE=FREE:20260311T120000Z/PT1H');
    expect(await busy(new Map([['t', part('VTODO', NOON, 'DURATION:PT1H')], ['j', part('VJOURNAL', NOON)], ['f', periods]]))).toEqual(['FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260310T120000Z/20260310T130000Z']);
  });

  it('joins what overlaps or follows of one type, and repeats nothing; what has no length is no time', async () => {
    const events = [['a', NOON, 'DURATION:PT1H'], ['b', 'DTSTART:20260310T123000Z', 'DURATION:PT1H'], ['c', 'DTSTART:20260310T133000Z', 'DURATION:PT30M'], ['d', NOON, 'DURATION:PT1H'], ['e', 'DTSTART:20260312T120000Z']] as const;
    expect(await busy(new Map(events.map(([uid, ...lines]) => [uid, vevent(uid, ...lines)])))).toEqual(['FREEBUSY;FBTYPE=BUSY:20260310T120000Z/PT2H']);
  });

  it('MUST be a VFREEBUSY without FREEBUSY where there is none, in UTC, of the asked range', async () => {
    await using server = await givenCalendar(new Map());
    const answer = await report(server, `<C:free-busy-query ${NAMESPACES}><C:time-range ${MARCH}/></C:free-busy-query>`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/calendar;charset=utf-8']);
    expect(answer.text).toContain('BEGIN:VFREEBUSY');
    expect(answer.text).toContain('DTSTART:20260301T000000Z\r\nDTEND:20260401T000000Z\r\n');
    expect(answer.text).not.toContain('FREEBUSY;');
  });

  it('MUST fail with 403 on a calendar object, and hold one time-range', async () => {
    await using server = await givenCalendar(noon());
    const body = `<C:free-busy-query ${NAMESPACES}><C:time-range ${MARCH}/></C:free-busy-query>`;
    expect((await report(server, body, `${WORK}a.ics`)).status).toBe(403);
    expect((await report(server, `<C:free-busy-query ${NAMESPACES}/>`)).condition()).toBe('valid-filter');
  });

  it('MUST fail with 404 for whoever may not ask, so that nobody learns what is there; who is nobody is asked who he is', async () => {
    await using server = await givenCalendar(noon());
    const body = `<C:free-busy-query ${NAMESPACES}><C:time-range ${MARCH}/></C:free-busy-query>`;
    const denied = '<D:acl xmlns:D="DAV:"><D:ace><D:principal><D:all/></D:principal><D:deny><D:privilege><D:all/></D:privilege></D:deny></D:ace></D:acl>';
    expect((await server.send('ACL', WORK, denied)).status).toBe(200);
    const answers = await Promise.all([WORK, `${AMY_HOME}none/`].map((path) => server.send('REPORT', path, body, { Depth: '1' }, 'bob')));
    const [there, absent] = answers.map(({ status, text }) => [status, text.replace(/request \w+/, '')]);
    expect(there).toEqual(absent);
    expect(there![0]).toBe(404);
    expect((await server.send('REPORT', WORK, query(EVENTS), { Depth: '1' }, 'bob')).status).toBe(403);
    expect((await server.send('REPORT', WORK, body, { Depth: '1' }, null)).status).toBe(401);
  });
});

describe('calendars', () => {
  const LIVE = ['supported-calendar-component-set', 'supported-calendar-data', 'max-resource-size', 'min-date-time', 'max-date-time', 'max-instances', 'max-attendees-per-instance', 'supported-collation-set'];
  let server: GivenServer;
  beforeAll(async () => { server = await givenCalendar(new Map([['a', vevent('a', NOON)]])); });
  afterAll(() => server[Symbol.asyncDispose]());
  const get = async (name: string, path = WORK) => (await server.send('PROPFIND', path, `<D:propfind ${NAMESPACES}><D:prop>${name}</D:prop></D:propfind>`, { Depth: '0' })).rows().get(path)!;

  it.each(LIVE)('have CALDAV:%s, protected, and not in allprop (§5.2.3 to §5.2.9, §7.5.1)', async (name) => {
    expect((await get(`<C:${name}/>`)).properties.has(name)).toBe(true);
    const change = await server.send('PROPPATCH', WORK, `<D:propertyupdate ${NAMESPACES}><D:set><D:prop><C:${name}>1</C:${name}></D:prop></D:set></D:propertyupdate>`);
    expect(change.text).toMatch(/HTTP\/1\.1 403 .*cannot-modify-protected-property/);
    expect((await server.send('PROPFIND', WORK, `<D:propfind ${NAMESPACES}><D:allprop/></D:propfind>`, { Depth: '0' })).text).not.toContain(`<${name}`);
  });

  it('keep a description with its language (§5.2.1), and a timezone of one VTIMEZONE (§5.2.2)', async () => {
    const set = (inside: string) => server.send('PROPPATCH', WORK, `<D:propertyupdate ${NAMESPACES}><D:set><D:prop>${inside}</D:prop></D:set></D:propertyupdate>`);
    await set('<C:calendar-description xml:lang="fr-CA">Calendrier de Mathilde Desruisseaux</C:calendar-description>');
    expect((await get('<C:calendar-description/>')).properties.get('calendar-description')!.attribute('xml:lang')).toBe('fr-CA');
    expect((await set(`<C:calendar-timezone>${calendar(...EASTERN)}</C:calendar-timezone>`)).text).toContain('200 OK');
    expect((await set(`<C:calendar-timezone>${vevent('x', NOON)}</C:calendar-timezone>`)).text).toMatch(/valid-calendar-data/);
  });

  it('MUST name the reports in DAV:supported-report-set of calendars and objects (§7)', async () => {
    for (const [path, names] of [[WORK, ['calendar-query', 'calendar-multiget', 'free-busy-query', 'expand-property']], [`${WORK}a.ics`, ['calendar-query', 'calendar-multiget', 'expand-property']]] as const) {
      const set = (await get('<D:supported-report-set/>', path)).properties.get('supported-report-set')!;
      const told = set.children.map((child) => child.children[0]!.children[0]!.name.local);
      expect(told).toEqual(expect.arrayContaining([...names]));
    }
  });

  it.each([
    ['more octets than max-resource-size', 'max-resource-size', { resourceOctets: 400 }, vevent('a', NOON, `SUMMARY:${'x'.repeat(400)}`)],
    ['more instances than max-instances', 'max-instances', { instances: 5 }, vevent('a', NOON, 'RRULE:FREQ=DAILY;COUNT=6')],
    ['more attendees than max-attendees-per-instance', 'max-attendees-per-instance', { attendees: 1 }, vevent('a', NOON, 'ATTENDEE:mailto:a@example.com', 'ATTENDEE:mailto:b@example.com')],
    ['a date before min-date-time', 'min-date-time', {}, vevent('a', 'DTSTART:15990101T000000Z')],
  ])('refuse an object with %s (§5.3.2.1)', async (_what, condition, limits, body) => {
    await using limited = await givenServer({ limits });
    const answer = await limited.send('PUT', `${AMY_HOME}calendar/a.ics`, body);
    expect([answer.status, answer.condition()]).toEqual([403, condition]);
  });
});
