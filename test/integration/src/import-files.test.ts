/**
 * Real calendar files, written by real programs, some of them broken: `caladmin import` stores each object bit for bit or refuses it with a precise reason, and
 * the report adds up. The collection beside the checkout is used where it is there, the project's own small set otherwise.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dav, hrefsIn } from './dav.ts';
import { root, runCaladmin, startServerProcess } from './server-process.ts';

interface Report {
  readonly files: number; readonly objects: number; readonly stored: number; readonly amended: number; readonly replaced: number; readonly unchanged: number; readonly refused: number;
  readonly reports: readonly { readonly file: string; readonly uid?: string; readonly outcome: string; readonly condition?: string; readonly reason?: string }[];
}

const shared = join(root, '..', 'shared', 'data', 'ics');
const files = existsSync(shared) ? shared : join(root, 'core', 'icalendar', 'fixtures');

describe('caladmin import', () => {
  let data: string;
  let first: Report;
  beforeAll(async () => { data = await mkdtemp(join(tmpdir(), 'kalends-import-')); });
  afterAll(async () => { await rm(data, { recursive: true, force: true }); });

  const caladmin = (...args: readonly string[]) => runCaladmin({ data }, ...args);

  it('takes every file in, object by object, and the sums add up', async () => {
    const { stdout, stderr, code } = await caladmin('--json', 'import', files, '--user', 'alice', '--calendar', 'Imported');
    expect(stderr).toBe('');
    expect([0, 1]).toContain(code);
    const report = JSON.parse(stdout) as Report;
    first = report;
    const count = readdirSync(files, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(ics|ical|ifb|icalendar)$/i.test(name)).length;
    expect(report.files).toBe(count);
    expect(report.stored + report.amended + report.replaced + report.unchanged + report.refused).toBe(report.objects);
    expect(report.reports).toHaveLength(report.objects);
    expect(new Set(report.reports.map(({ file }) => file)).size).toBe(count);
    for (const { outcome, condition, reason } of report.reports.filter((one) => one.outcome === 'refused')) {
      expect(outcome, JSON.stringify({ condition, reason })).toBe('refused');
      expect(condition).toMatch(/^[a-z][a-z-]+$/);
      expect(reason!.length).toBeGreaterThan(15);
    }
    expect(report.stored).toBeGreaterThan(report.objects / 4);
  });

  it('changes nothing when run again', async () => {
    const { stdout } = await caladmin('--json', 'import', files, '--user', 'alice', '--calendar', 'Imported');
    const report = JSON.parse(stdout) as Report;
    expect(report).toMatchObject({ stored: 0, amended: 0, replaced: 0, unchanged: first.stored + first.amended + first.unchanged, refused: first.refused });
  });

  it('exports what it stored, and each component is in the octets of its file', async () => {
    const to = join(data, 'exported');
    const { stdout, code, stderr } = await caladmin('--json', 'export', '--user', 'alice', '--calendar', 'Imported', '--to', to);
    expect(code, stderr).toBe(0);
    const { objects } = JSON.parse(stdout) as { objects: number };
    // An object out of a file of many gets line ends and folding as RFC 5545 §3.1 wants them; its content lines are as they were.
    const textOf = (file: string): string => readFileSync(file).toString('latin1').replaceAll('\r', '').replaceAll(/\n[ \t]/g, '');
    const exported = readdirSync(to).map((name) => textOf(join(to, name)));
    expect(exported).toHaveLength(objects);
    const sources = readdirSync(files, { recursive: true, encoding: 'utf8' }).filter((name) => /\.ics$/i.test(name)).map((name) => textOf(join(files, name)));
    const changed = exported.filter((text) => [...text.matchAll(/^BEGIN:(VEVENT|VTODO|VJOURNAL)\n[\s\S]*?^END:\1/gm)].some(([component]) => !sources.some((source) => source.includes(component))));
    // What is refused beside its namesake is kept under a UID of its own.
    const renamed = first.reports.filter(({ reason }) => reason?.includes('it is kept as') === true).length;
    expect(changed.length).toBeLessThanOrEqual(first.amended + renamed);
  });

  it('is served like anything else, and bad objects break no listing', async () => {
    await using server = await startServerProcess({ data });
    const dav = new Dav(server.url);
    const listed = hrefsIn((await dav.propfind('/calendars/users/alice/Imported/', '<D:getetag/>', { depth: '1' })).text).filter((href) => href.endsWith('.ics'));
    expect(listed.length).toBe(readdirSync(join(data, 'exported')).length);
    const whole = await dav.report('/calendars/users/alice/Imported/', '<C:calendar-query xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:"><D:prop><C:calendar-data><C:expand start="20000101T000000Z" end="20300101T000000Z"/></C:calendar-data></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:time-range start="20000101T000000Z" end="20300101T000000Z"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>');
    expect(whole.status).toBe(207);
    expect(whole.text).not.toContain('500 Internal');
    for (const href of listed.slice(0, 40)) expect((await dav.send('GET', href)).status).toBe(200);
  });

  it('refuses in sentences: nobody of that name, no such file, an empty folder', async () => {
    const nobody = await caladmin('import', files, '--user', 'nobody-at-all', '--calendar', 'x');
    expect(nobody.code).toBe(64);
    expect(nobody.stderr).toContain('nobody in the directory is called nobody-at-all');
    const absent = await caladmin('import', join(data, 'absent.ics'), '--user', 'alice', '--calendar', 'calendar');
    expect(absent.code).toBe(1);
    expect(absent.stdout).toMatch(/refused.*absent\.ics/);
    const none = await caladmin('export', '--user', 'alice', '--calendar', 'no-such', '--to', join(data, 'none'));
    expect(none.code).toBe(64);
    expect(none.stderr).toContain('calendar');
  });
});
