/**
 * Thunderbird, the program itself without its windows: an account by URL and password, and a day with it, beside somebody who changes the same calendar over HTTP.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Dav } from '../dav.ts';
import { describeWith } from '../programs.ts';
import { startServerProcess } from '../server-process.ts';
import { startRelay } from './recording-relay.ts';
import type { RecordingRelay } from './recording-relay.ts';
import { startThunderbird } from './thunderbird-session.ts';
import type { ThunderbirdSession } from './thunderbird-session.ts';
import { Started } from './started.ts';

const HOME = '/calendars/__uids__/10000000-0000-4000-8000-000000000002/';
const component = (kind: string, uid: string, summary: string, lines: readonly string[]): string => [
  'BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Thunderbird test//EN', `BEGIN:${kind}`, `UID:${uid}`, 'DTSTAMP:20260101T000000Z', ...lines, `SUMMARY:${summary}`, `END:${kind}`, 'END:VCALENDAR', '',
].join('\r\n');
const event = (uid: string, summary: string, day: string, more: readonly string[] = []): string => component('VEVENT', uid, summary, [`DTSTART:${day}T100000Z`, `DTEND:${day}T110000Z`, ...more]);

describeWith('thunderbird', 'Thunderbird', () => {
  const started = new Started();
  let relay: RecordingRelay;
  let thunderbird: ThunderbirdSession;
  let other: Dav;
  beforeAll(async () => {
    const server = started.use(await startServerProcess());
    relay = started.use(await startRelay('thunderbird', server.url));
    other = new Dav(server.url);
    thunderbird = started.use(await startThunderbird());
  });
  afterAll(() => started.disposeAsync());

  const stored = async (calendar: string): Promise<readonly string[]> => {
    const { text } = await other.send('PROPFIND', `${HOME}${calendar}/`, { depth: '1' });
    const hrefs = [...text.matchAll(/<href>([^<]*\.ics)<\/href>/g)].map(([, href]) => href!);
    return Promise.all(hrefs.map(async (href) => (await other.send('GET', href)).text));
  };

  it('finds the calendars from URL and password, and takes nothing else for one', async () => {
    expect(await thunderbird.subscribe(relay.url, 'alice', 'alice')).toEqual([
      expect.objectContaining({ type: 'caldav', name: 'calendar', path: `${HOME}calendar/`, readOnly: false }),
      expect.objectContaining({ type: 'caldav', name: 'tasks', path: `${HOME}tasks/`, readOnly: false }),
    ]);
  });

  it('creates events, changes them and one of a series, and deletes', async () => {
    await thunderbird.add('calendar', event('tb-1', 'Single', '20260310'));
    await thunderbird.add('calendar', event('tb-2', 'Weekly', '20260105', ['RRULE:FREQ=WEEKLY;COUNT=5']));
    await thunderbird.rename('calendar', 'tb-1', 'Renamed');
    await thunderbird.rename('calendar', 'tb-2', 'Only this once', '20260112T100000Z');
    const texts = await stored('calendar');
    expect(texts.map((text) => /UID:(.*)/.exec(text)?.[1]).sort()).toEqual(['tb-1', 'tb-2']);
    expect(texts.find((text) => text.includes('UID:tb-1'))).toContain('SUMMARY:Renamed');
    expect(texts.find((text) => text.includes('UID:tb-2'))).toMatch(/RECURRENCE-ID:20260112T100000Z[^]*SUMMARY:Only this once|SUMMARY:Only this once[^]*RECURRENCE-ID:20260112T100000Z/);
    await thunderbird.remove('calendar', 'tb-1');
    expect((await stored('calendar')).join('')).not.toContain('tb-1');
    expect(await thunderbird.shown('calendar')).toEqual(['Weekly']);
  });

  it('shows what others create, change and delete after a refresh', async () => {
    const href = `${HOME}calendar/theirs.ics`;
    await other.send('PUT', href, { body: event('theirs', 'From the phone', '20260311') });
    await thunderbird.refresh('calendar');
    expect(await thunderbird.shown('calendar', 'From the phone')).toContain('From the phone');
    await other.send('PUT', href, { body: event('theirs', 'Changed on the phone', '20260311') });
    await thunderbird.refresh('calendar');
    expect(await thunderbird.shown('calendar', 'Changed on the phone')).not.toContain('From the phone');
    await other.send('DELETE', href);
    await thunderbird.refresh('calendar');
    expect(await thunderbird.shown('calendar', 'Changed on the phone', true)).toEqual(['Weekly']);
  });

  it('keeps tasks and marks one done', async () => {
    await thunderbird.add('tasks', component('VTODO', 'tb-3', 'Water the plants', []));
    await thunderbird.complete('tasks', 'tb-3');
    expect(await stored('tasks')).toEqual([expect.stringContaining('STATUS:COMPLETED')]);
  });

  it('syncs by sync-collection and is refused nothing after it said who it is', () => {
    expect(relay.exchanges.some(({ method, sent }) => method === 'REPORT' && sent.includes('sync-collection'))).toBe(true);
    const refused = relay.exchanges.filter(({ status, authorized }) => status >= 400 && !(status === 401 && !authorized));
    expect(refused.map(({ method, path, status }) => `${method} ${path} ${String(status)}`)).toEqual(['PUT / 405']);
  });
});

describeWith('thunderbird', 'Thunderbird of somebody else', () => {
  const started = new Started();
  let url: string;
  let alice: Dav;
  let thunderbird: ThunderbirdSession;
  beforeAll(async () => {
    const server = started.use(await startServerProcess());
    url = server.url;
    alice = new Dav(url);
    thunderbird = started.use(await startThunderbird());
  });
  afterAll(() => started.disposeAsync());

  const grant = async (...privileges: readonly string[]): Promise<void> => {
    const bob = '<D:principal><D:href>/principals/__uids__/10000000-0000-4000-8000-000000000003/</D:href></D:principal>';
    const acl = `<D:acl xmlns:D="DAV:"><D:ace>${bob}<D:grant>${privileges.map((name) => `<D:privilege><D:${name}/></D:privilege>`).join('')}</D:grant></D:ace></D:acl>`;
    expect((await alice.send('ACL', `${HOME}calendar/`, { body: acl })).status).toBe(200);
  };

  it('finds nothing at a calendar that is closed to him', async () => {
    await expect(thunderbird.subscribe(`${url}${HOME}calendar/`, 'bob', 'bob')).rejects.toThrow();
  });

  it('shows a calendar that he may read and writes nothing to it, and writes to it where he may (RFC 3744 §5.4)', async () => {
    await alice.send('PUT', `${HOME}calendar/hers.ics`, { body: event('hers', 'Of Alice', '20260310') });
    await grant('read');
    expect(await thunderbird.subscribe(`${url}${HOME}calendar/`, 'bob', 'bob')).toContainEqual(expect.objectContaining({ type: 'caldav', path: `${HOME}calendar/`, readOnly: true }));
    expect(await thunderbird.shown('calendar', 'Of Alice')).toEqual(['Of Alice']);
    await grant('read', 'write');
    await thunderbird.forget('calendar');
    expect(await thunderbird.subscribe(`${url}${HOME}calendar/`, 'bob', 'bob')).toContainEqual(expect.objectContaining({ type: 'caldav', readOnly: false }));
    expect(await thunderbird.shown('calendar', 'Of Alice')).toEqual(['Of Alice']);
    await thunderbird.rename('calendar', 'hers', 'Changed by Bob');
    expect((await alice.send('GET', `${HOME}calendar/hers.ics`)).text).toContain('SUMMARY:Changed by Bob');
  });
});
