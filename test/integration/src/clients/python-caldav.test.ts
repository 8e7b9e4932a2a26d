/** python3-caldav from Debian, told only URL and account. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithPython, execute } from '../programs.ts';
import { startServerProcess } from '../server-process.ts';
import type { ServerProcess } from '../server-process.ts';

describeWithPython('caldav', 'python3-caldav', () => {
  let server: ServerProcess;
  beforeAll(async () => { server = await startServerProcess(); });
  afterAll(async () => { await server[Symbol.asyncDispose](); });

  it.each(['/', '/calendars/users/carol/'])('goes through its ordinary flow from %s', async (path) => {
    const finished = await execute('/usr/bin/python3', [join(import.meta.dirname, 'caldav-flow.py'), `${server.url}${path}`, 'carol', 'carol']);
    expect(finished.stderr.replaceAll(/.*Warning.*\n.*\n?/g, '')).toBe('');
    expect(finished.stdout.trim().split('\n')).toEqual([
      'principal and calendars', 'make_calendar', 'save_event', 'date_search, whole and expanded', 'change', 'sync after deletion', 'free-busy', 'delete the calendar',
    ]);
  });
});
