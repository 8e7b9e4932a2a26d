/**
 * Evolution's data server, which GNOME Calendar and Evolution are windows of: the real daemons on a private D-Bus, a private keyring, a home of their own.
 * `evolution-flow.py` does what a person would; here it is compared with what went over the wire.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWhere, execute } from '../programs.ts';
import { startServerProcess } from '../server-process.ts';
import { startRelay } from './recording-relay.ts';
import type { RecordingRelay } from './recording-relay.ts';
import { Started } from './started.ts';

const there = `/usr/bin/python3 -c 'import gi; gi.require_version("ECal", "2.0"); from gi.repository import ECal' && test -x /usr/libexec/evolution-source-registry && command -v dbus-run-session gnome-keyring-daemon`;
const debian = 'evolution-data-server gir1.2-ecal-2.0 python3-gi dbus gnome-keyring';
/** The daemons leave with their bus, and the bus with the script. */
const session = 'printf keyring | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1; exec /usr/bin/python3 "$@"';

describeWhere(there, debian, 'Evolution', () => {
  const started = new Started();
  let relay: RecordingRelay;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kalends-eds-'));
    started.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
    await mkdir(join(folder, 'run'), { mode: 0o700 });
    const server = started.use(await startServerProcess());
    relay = started.use(await startRelay('evolution', server.url));
  });
  afterAll(() => started.disposeAsync());

  it('finds the account, its calendars and people, makes a calendar, and creates, changes and deletes what is in it', async () => {
    const env = { HOME: folder, XDG_RUNTIME_DIR: join(folder, 'run'), XDG_DATA_HOME: join(folder, 'data'), XDG_CONFIG_HOME: join(folder, 'config'), XDG_CACHE_HOME: join(folder, 'cache'), GSETTINGS_BACKEND: 'memory', GIO_USE_VFS: 'local', LC_ALL: 'C.UTF-8' };
    const finished = await execute('dbus-run-session', ['--', 'bash', '-c', session, 'session', join(import.meta.dirname, 'evolution-flow.py'), `${relay.url}/`, 'alice', 'alice'], { env, milliseconds: 100_000 });
    expect(finished.stdout.trim().split('\n'), finished.stderr).toEqual([
      'discovery: calendars and addresses', 'account: calendars and task lists', 'new calendar, its name and colour', 'create', 'change, and change of one instance', "another's change",
      "delete, ours and another's", 'a task, done and removed', 'permissions and a search of people', 'a calendar shared, locked and unlocked', 'delete the calendar',
    ]);
    expect(finished.code).toBe(0);
  }, 110_000);

  it('was refused nothing but strangers, and a folder of notes that is not there', () => {
    const refused = relay.exchanges.filter(({ status, authorized }) => status >= 400 && !(status === 401 && !authorized));
    expect(refused.map(({ method, path, status }) => `${method} ${path} ${String(status)}`).filter((line) => line !== 'PROPFIND /.well-known/webdav/Notes/ 404')).toEqual([]);
  });

  it('was believed: an event is not fetched again after it was sent', () => {
    const sent = relay.exchanges.findIndex(({ method, path }) => method === 'PUT' && path.endsWith('/eds-3.ics'));
    expect(sent).toBeGreaterThan(0);
    expect(relay.exchanges.slice(sent).filter(({ method, path, sent: body }) => path.includes('/tasks/') && (method === 'GET' || body.includes('calendar-multiget')))).toEqual([]);
  });
});
