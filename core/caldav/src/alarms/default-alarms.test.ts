/** Which of the writes that go through the door get a default alarm, and what a deployment may want of alarms. Over HTTP: `test/integration/src/default-alarms.test.ts`. */
import type { Collection, CollectionId, ItemName, WriteContext } from '@kalends/contracts';
import { event, fakeClock, memoryDirectory, memoryStore, person } from '@kalends/testkit';
import { storedText } from '@kalends/webdav';
import { describe, expect, it } from 'vitest';
import { caldav } from '../names.ts';
import { CalendarDoor } from '../write/commit.ts';
import { LIMITS, givenDoor as doorOn } from '../write/door.fixture.ts';
import type { GivenDoor, Ground } from '../write/door.fixture.ts';
import { WriteSteps } from '../write/steps.ts';

const ALARM = 'BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:Soon\nTRIGGER:-PT15M\nEND:VALARM';
const NAME = caldav('default-alarm-vevent-datetime');
const alarms = (given: Collection): Collection => ({ ...given, properties: new Map([...given.properties, [`{${NAME.ns}}${NAME.local}`, storedText(NAME, ALARM)]]) });

async function given(): Promise<GivenDoor> {
  const clock = fakeClock();
  const directory: Ground['directory'] = Object.assign(memoryDirectory([person('amy')]), { mayLogIn: async () => true });
  return doorOn({ store: memoryStore({ clock, runWorkTwice: true }).store, clock, directory });
}

describe('a calendar with a default alarm', () => {
  it('adds it to what its owner makes, once though the change runs twice, and says so', async () => {
    const { put, text, calendar } = await given();
    expect(await put('a.ics', event('a').body, { collection: alarms(calendar) })).toMatchObject({ created: true, amended: true });
    expect((await text('a.ics'))!.match(/BEGIN:VALARM/g)).toHaveLength(1);
    expect(await put('a.ics', event('a', { summary: 'x' }).body, { collection: alarms(calendar) })).toMatchObject({ created: false, amended: false });
    expect(await text('a.ics')).not.toContain('VALARM');
  });

  it('adds it to a message that is filed', async () => {
    const { put, text, calendar } = await given();
    await put('a.ics', event('a').body, { collection: alarms(calendar), silent: true, withoutScheduling: true });
    expect(await text('a.ics')).toContain('X-APPLE-DEFAULT-ALARM:TRUE');
  });

  it('adds nothing to what is imported, or what a sharee makes', async () => {
    const { put, text, calendar, context } = await given();
    const imported = await put('a.ics', event('a').body, { collection: alarms(calendar), silent: true });
    const { resource, ...rest } = context();
    const shared: WriteContext = { ...rest, resource: { ...resource, share: { ...calendar, id: 'share' as CollectionId, kind: 'share' } } };
    const made = await put('b.ics', event('b').body, { collection: alarms(calendar), context: shared });
    expect([imported.amended, made.amended]).toEqual([false, false]);
    for (const name of ['a.ics', 'b.ics']) expect(await text(name)).not.toContain('VALARM');
  });

  it('adds nothing where its value cannot be read any more', async () => {
    const { put, text, calendar } = await given();
    const broken = { ...calendar, properties: new Map([[`{${NAME.ns}}${NAME.local}`, storedText(NAME, 'BEGIN:VALARM')]]) };
    await put('a.ics', event('a').body, { collection: broken });
    expect(await text('a.ics')).toBe(event('a').text);
  });
});

describe('a deployment', () => {
  const lines = (trigger: string): readonly string[] => ['BEGIN:VALARM', 'ACTION:DISPLAY', 'DESCRIPTION:x', `TRIGGER:${trigger}`, 'END:VALARM'];
  const doubled = event('a', { lines: ['DURATION:P1DT', ...lines('-PT5M'), ...lines('-PT5M'), ...lines('-PT9M')] }).text.replace(/DTEND.*\r\n/, '');

  it('stores duplicate alarms and corrects durations, unless it is told otherwise', async () => {
    const { put, text, store, home, calendar, context } = await given();
    expect(await put('a.ics', doubled)).toMatchObject({ amended: true });
    expect((await text('a.ics'))!.match(/BEGIN:VALARM/g)).toHaveLength(3);
    expect(await text('a.ics')).toContain('DURATION:P1D\r\n');
    const clock = fakeClock();
    const other = new CalendarDoor({
      store, clock, steps: new WriteSteps([]), queue: { handle: () => undefined, runNow: async () => 'done' }, notifiers: [], directory: memoryDirectory([person('amy')]),
      limits: LIMITS, data: { removeDuplicateAlarms: true, keepDurations: true },
    });
    await other.put({ home, collection: calendar, name: 'a.ics' as ItemName, octets: Buffer.from(doubled), media: 'text/calendar', context: context() });
    expect((await text('a.ics'))!.match(/BEGIN:VALARM/g)).toHaveLength(2);
    expect(await text('a.ics')).toContain('DURATION:P1DT\r\n');
    expect(await other.put({ home, collection: calendar, name: 'a.ics' as ItemName, octets: Buffer.from((await text('a.ics'))!), media: 'text/calendar', context: context() })).toMatchObject({ amended: false });
  });
});
