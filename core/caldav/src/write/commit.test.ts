/** The one door, without HTTP: what it refuses, what it stores, what it asks of steps. */
import type { ItemDraft, ItemName, WriteStep } from '@kalends/contracts';
import { CalendarObject, makeProperty, setProperty, withComponents } from '@kalends/icalendar';
import { DavError } from '@kalends/webdav';
import { event, fakeClock, memoryDirectory, memoryStore, person, todo } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { givenDoor as doorOn } from './door.fixture.ts';
import type { GivenDoor, Ground } from './door.fixture.ts';

/** `store`: another door's, to look at the same home under other rules. */
function givenDoor({ store, ...options }: Parameters<typeof doorOn>[1] & { readonly store?: GivenDoor['store'] } = {}): Promise<GivenDoor> {
  const clock = fakeClock();
  const directory: Ground['directory'] = Object.assign(memoryDirectory([person('amy')]), { mayLogIn: async () => true });
  return doorOn({ store: store ?? memoryStore({ clock, runWorkTwice: true }).store, clock, directory }, options);
}

const refusal = (work: Promise<unknown>): Promise<string> => work.then(() => 'accepted', (error: unknown) => {
  if (error instanceof DavError) return error.condition?.name.local ?? String(error.status);
  return (error as { code?: string }).code ?? String(error);
});

describe('CalendarDoor.put', () => {
  it('stores the octets it was given, and says so', async () => {
    const { put, text, calendar, notices } = await givenDoor();
    const given = event('a');
    const outcome = await put('a.ics', given.body);
    expect(outcome).toMatchObject({ created: true, amended: false });
    expect(await text('a.ics')).toBe(given.text);
    expect(notices).toEqual([{ collection: calendar.id, urgency: 'low' }]);
  });

  it('says 204 for a second put, and counts it as the same item', async () => {
    const { put } = await givenDoor();
    await put('a.ics', event('a').body);
    expect(await put('a.ics', event('a', { summary: 'Other' }).body)).toMatchObject({ created: false });
  });

  it('refuses what is no calendar data (RFC 4791 §5.3.2.1 valid-calendar-data)', async () => {
    const { put, text } = await givenDoor();
    expect(await refusal(put('a.ics', 'hello'))).toBe('valid-calendar-data');
    expect(await text('a.ics')).toBeUndefined();
  });

  it('refuses an object with a METHOD, or with two UIDs (RFC 4791 §4.1)', async () => {
    const { put } = await givenDoor();
    const two = event('a').text.replace('END:VCALENDAR', `${event('b').text.match(/BEGIN:VEVENT[^]*END:VEVENT\r\n/)![0]}END:VCALENDAR`);
    expect(await refusal(put('a.ics', event('a').text.replace('BEGIN:VEVENT', 'METHOD:REQUEST\r\nBEGIN:VEVENT')))).toBe('valid-calendar-object-resource');
    expect(await refusal(put('a.ics', two))).toBe('valid-calendar-object-resource');
  });

  it('refuses a to-do in a calendar of events (RFC 4791 §5.3.2.1 supported-calendar-component)', async () => {
    const { put, tasks } = await givenDoor();
    expect(await refusal(put('t.ics', todo('t').body))).toBe('supported-calendar-component');
    expect(await put('t.ics', todo('t').body, { collection: tasks })).toMatchObject({ created: true });
  });

  it('refuses what is too large (RFC 4791 §5.3.2.1 max-resource-size)', async () => {
    const { put } = await givenDoor({ limits: { resourceOctets: 300 } });
    expect(await refusal(put('a.ics', event('a', { description: 'x'.repeat(300) }).body))).toBe('max-resource-size');
  });

  it('refuses too many attendees, but lets those stay that are there (RFC 4791 §5.3.2.1 max-attendees-per-instance)', async () => {
    const attendees = ['mailto:a@example.com', 'mailto:b@example.com', 'mailto:c@example.com'];
    const crowd = (count: number): Uint8Array => event('a', { attendees: attendees.slice(0, count), organizer: 'mailto:amy@example.com' }).body;
    const generous = await givenDoor();
    await generous.put('a.ics', crowd(2));
    const strict = await givenDoor({ limits: { attendees: 1 }, store: generous.store });
    expect(await refusal(strict.put('a.ics', crowd(3)))).toBe('max-attendees-per-instance');
    expect(await refusal(strict.put('b.ics', crowd(2)))).toBe('max-attendees-per-instance');
    expect(await refusal(strict.put('a.ics', crowd(2)))).toBe('accepted');
  });

  it('refuses a series of more instances than are kept (RFC 4791 §5.3.2.1 max-instances)', async () => {
    const { put } = await givenDoor();
    expect(await refusal(put('a.ics', event('a', { rrule: 'FREQ=HOURLY;COUNT=5000' }).body))).toBe('max-instances');
  });

  it('keeps to a lower number of instances where the deployment has one, and takes series without end', async () => {
    const { put } = await givenDoor({ limits: { instances: 10 } });
    expect(await refusal(put('a.ics', event('a', { rrule: 'FREQ=DAILY;COUNT=11' }).body))).toBe('max-instances');
    expect(await refusal(put('a.ics', event('a', { rrule: 'FREQ=DAILY;COUNT=10' }).body))).toBe('accepted');
    expect(await refusal(put('b.ics', event('b', { rrule: 'FREQ=DAILY' }).body))).toBe('accepted');
  });

  it('tells no ETag where a byte order mark was left out', async () => {
    const { put, text } = await givenDoor();
    expect(await put('a.ics', `\uFEFF${event('a').text}`)).toMatchObject({ amended: true });
    expect(await text('a.ics')).toBe(event('a').text);
  });

  it('refuses a date before the first it takes (RFC 4791 §5.3.2.1 min-date-time)', async () => {
    const { put } = await givenDoor();
    expect(await refusal(put('a.ics', event('a', { start: '15000101T090000', end: '15000101T100000' }).body))).toBe('min-date-time');
  });

  it('refuses another object at a name that is taken (RFC 4791 §5.3.2.1 no-uid-conflict)', async () => {
    const { put } = await givenDoor();
    await put('a.ics', event('a').body);
    expect(await refusal(put('a.ics', event('b').body))).toBe('no-uid-conflict');
  });

  it('leaves it to the store that a UID lives once in a home', async () => {
    const { put } = await givenDoor();
    await put('a.ics', event('a').body);
    expect(await refusal(put('other.ics', event('a').body))).toBe('uid-taken');
  });

  it('commits nothing where the guard refuses', async () => {
    const { put, text } = await givenDoor();
    const guard = async (): Promise<void> => { throw new DavError(412); };
    expect(await refusal(put('a.ics', event('a').body, { guard }))).toBe('412');
    expect(await text('a.ics')).toBeUndefined();
  });

  it('takes jCal, stores text, and tells no ETag', async () => {
    const { put, text } = await givenDoor();
    const json = JSON.stringify(['vcalendar', [['version', {}, 'text', '2.0'], ['prodid', {}, 'text', '-//x//y//EN']], [
      ['vevent', [['uid', {}, 'text', 'j'], ['dtstamp', {}, 'date-time', '2026-01-01T00:00:00Z'], ['dtstart', {}, 'date-time', '2026-03-02T09:00:00Z']], []],
    ]]);
    expect(await put('j.ics', json, { media: 'application/calendar+json' })).toMatchObject({ created: true, amended: true });
    expect(await text('j.ics')).toContain('BEGIN:VEVENT');
  });
});

describe('write steps', () => {
  const noted: string[] = [];
  const step = (name: string, phase: WriteStep['phase'], apply: (draft: ItemDraft) => ItemDraft | 'prepare-again' = (draft) => draft): WriteStep => ({
    name, phase, prepare: async () => undefined, apply: (draft) => { noted.push(name); return apply(draft); },
  });

  it('run by phase, whatever their order in the config', async () => {
    noted.length = 0;
    const { put } = await givenDoor({ steps: [step('c', 'schedule'), step('b', 'merge'), step('a', 'normalize')] });
    await put('a.ics', event('a').body);
    expect(noted).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });

  it('may change the object: its octets are written anew and no ETag is told (RFC 4791 §5.3.4)', async () => {
    const { put, text } = await givenDoor({
      steps: [step('mark', 'normalize', (draft) => {
        const object = draft.after as CalendarObject;
        const components = object.root.components.map((component) => (component.name === 'VEVENT' ? setProperty(component, 'X-MARK', makeProperty('X-MARK', 'yes')) : component));
        return { ...draft, after: object.edited(withComponents(object.root, components)), amended: true };
      })],
    });
    expect(await put('a.ics', event('a').body)).toMatchObject({ amended: true });
    expect(await text('a.ics')).toContain('X-MARK:yes');
  });

  it('see the stored version, and its jobs run before the answer', async () => {
    const seen: (string | undefined)[] = [];
    const { put, ran } = await givenDoor({
      steps: [step('schedule', 'schedule', (draft) => {
        seen.push(draft.before?.uid);
        return { ...draft, jobs: [{ kind: 'deliver', payload: {} }], scheduleTag: 'new' };
      })],
    });
    const first = await put('a.ics', event('a').body);
    const second = await put('a.ics', event('a', { summary: 'Other' }).body);
    expect(seen).toEqual([undefined, undefined, 'a', 'a']);
    expect(ran.map((ids) => ids.length)).toEqual([1, 1]);
    expect(first.scheduleTag).toBeDefined();
    expect(second.scheduleTag).not.toBe(first.scheduleTag);
    expect(second.amended).toBe(true);
  });

  it('that ask to be prepared again are, three times at most', async () => {
    let asked = 0;
    const { put, text } = await givenDoor({ steps: [step('again', 'merge', () => { asked++; return 'prepare-again'; })] });
    expect(await refusal(put('a.ics', event('a').body))).toBe('503');
    expect(asked).toBe(6);
    expect(await text('a.ics')).toBeUndefined();
  });
});

describe('CalendarDoor.move', () => {
  const at = (collection: { readonly id: string }, name: string) => ({ collection, name: name as ItemName }) as never;

  it('keeps the octets', async () => {
    const { door, put, text, home, calendar, context } = await givenDoor();
    await put('a.ics', event('a').body);
    await door.move({ home, from: at(calendar, 'a.ics'), to: at(calendar, 'b.ics'), overwrite: true, context: context() });
    expect(await text('a.ics')).toBeUndefined();
    expect(await text('b.ics')).toBe(event('a').text);
  });

  it('refuses to take the place of another object (RFC 4791 §5.3.2.1 no-uid-conflict)', async () => {
    const { door, put, text, home, calendar, context } = await givenDoor();
    await put('a.ics', event('a').body);
    await put('b.ics', event('b').body);
    expect(await refusal(door.move({ home, from: at(calendar, 'a.ics'), to: at(calendar, 'b.ics'), overwrite: true, context: context() }))).toBe('no-uid-conflict');
    expect(await text('b.ics')).toBe(event('b').text);
  });

  it('refuses a calendar that does not take the component', async () => {
    const { door, put, home, calendar, tasks, context } = await givenDoor();
    await put('a.ics', event('a').body);
    expect(await refusal(door.move({ home, from: at(calendar, 'a.ics'), to: at(tasks, 'a.ics'), overwrite: true, context: context() }))).toBe('supported-calendar-component');
  });

  it('is 404 for what is not there', async () => {
    const { door, home, calendar, context } = await givenDoor();
    expect(await refusal(door.move({ home, from: at(calendar, 'a.ics'), to: at(calendar, 'b.ics'), overwrite: true, context: context() }))).toBe('404');
  });
});

describe('CalendarDoor.remove', () => {
  it('takes the object away', async () => {
    const { door, put, text, home, calendar, context } = await givenDoor();
    await put('a.ics', event('a').body);
    await door.remove({ home, collection: calendar, name: 'a.ics' as ItemName, context: context() });
    expect(await text('a.ics')).toBeUndefined();
  });

  it('is 404 for what is not there', async () => {
    const { door, home, calendar, context } = await givenDoor();
    expect(await refusal(door.remove({ home, collection: calendar, name: 'a.ics' as ItemName, context: context() }))).toBe('404');
  });
});
