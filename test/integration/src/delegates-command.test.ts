/**
 * `caladmin delegates` beside a running server, and the delegate database on disk: what owners set and what admins set is one thing, is known at once, outlives
 * the index, and comes back from its own backup (requirement: not disposable, exportable, restorable).
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Dav, NAMESPACES, eventText } from './dav.ts';
import type { Finished } from './programs.ts';
import { root, runCaladmin, startServerProcess } from './server-process.ts';

interface Row { readonly owner: string; readonly mode: string; readonly delegate: string; readonly from: string }

describe('caladmin delegates', () => {
  let data: string;
  beforeAll(async () => { data = await mkdtemp(join(tmpdir(), 'kalends-delegates-')); });
  afterAll(async () => { await rm(data, { recursive: true, force: true }); });

  const caladmin = (...args: readonly string[]): Promise<Finished> => runCaladmin({ data }, ...args);
  const list = async (...args: readonly string[]): Promise<readonly string[]> => {
    const { stdout, stderr, code } = await caladmin('--json', 'delegates', 'list', ...args);
    expect(code, stderr).toBe(0);
    return (JSON.parse(stdout) as readonly Row[]).map(({ owner, mode, delegate, from }) => `${owner} ${mode} ${delegate} ${from}`);
  };
  const file = (): string => join(data, 'delegates.json');

  it('sets, shows and removes delegates; a running server knows at once', async () => {
    await using server = await startServerProcess({ data });
    const dav = new Dav(server.url);
    const event = '/calendars/users/alice/calendar/e.ics';
    await dav.send('PUT', event, { body: eventText('e') });
    const mine = '/principals/__uids__/10000000-0000-4000-8000-000000000002/calendar-proxy-read/';
    await dav.send('PROPPATCH', mine, { body: `<D:propertyupdate ${NAMESPACES}><D:set><D:prop><D:group-member-set><D:href>/principals/__uids__/10000000-0000-4000-8000-000000000004/</D:href></D:group-member-set></D:prop></D:set></D:propertyupdate>` });
    const statuses = async (): Promise<readonly number[]> => [(await dav.send('GET', event, { as: 'carol' })).status, (await dav.send('GET', event, { as: 'bob' })).status, (await dav.send('PUT', '/calendars/users/alice/calendar/b.ics', { as: 'bob', body: eventText('b') })).status];
    expect(await statuses()).toEqual([200, 403, 403]);
    expect((await caladmin('delegates', 'set', '--user', 'alice', '--write', 'bob')).code).toBe(0);
    expect(await statuses()).toEqual([200, 200, 201]);
    expect(await list('--user', 'alice')).toEqual(['users/alice write users/bob set', 'users/alice read users/carol set']);
    // One mode at a time.
    await caladmin('delegates', 'set', '--user', 'alice', '--read', 'bob', '--write', 'carol');
    expect(await list('--user', 'alice')).toEqual(['users/alice write users/carol set', 'users/alice read users/bob set']);
    expect((await caladmin('delegates', 'remove', 'bob', 'carol', '--user', 'alice')).code).toBe(0);
    expect(await statuses()).toEqual([403, 403, 403]);
    await caladmin('delegates', 'set', '--user', 'alice', '--write', 'bob', '--read', 'groups/team');
  });

  it('outlives the index, and comes back from its backup when the database itself is lost', async () => {
    expect((await caladmin('delegates', 'export', '--to', file())).code).toBe(0);
    const wanted = await list('--user', 'alice');
    expect(wanted).toEqual(['users/alice write users/bob set', 'users/alice read groups/team set']);
    rmSync(join(data, 'index'), { recursive: true });
    expect(await list('--user', 'alice')).toEqual(wanted);
    for (const name of ['state.sqlite', 'state.sqlite-wal', 'state.sqlite-shm', 'state.copy.sqlite']) rmSync(join(data, 'principals', name), { force: true });
    expect(await list('--user', 'alice')).toEqual([]);
    const { code, stdout } = await caladmin('--json', 'delegates', 'import', file());
    expect([code, JSON.parse(stdout)]).toEqual([0, { owners: 1, set: 2, unknown: 0 }]);
    expect(await list('--user', 'alice')).toEqual(wanted);
    expect(existsSync(join(data, 'principals', 'state.sqlite'))).toBe(true);
    // What was exported is what is exported again, and on standard output as well.
    expect((await caladmin('delegates', 'export')).stdout).toBe(readFileSync(file(), 'utf8'));
  });

  it('adds what a file has, replaces when told to, leaves out whom nobody knows, and says so', async () => {
    await caladmin('delegates', 'set', '--user', 'bob', '--read', 'carol');
    await caladmin('delegates', 'set', '--user', 'alice', '--read', 'carol');
    await caladmin('delegates', 'import', file());
    expect(await list()).toEqual(expect.arrayContaining(['users/alice read users/carol set', 'users/bob read users/carol set', 'users/alice write users/bob set']));
    await caladmin('delegates', 'import', file(), '--replace');
    expect((await list()).filter((row) => row.endsWith(' set'))).toEqual(['users/alice write users/bob set', 'users/alice read groups/team set']);
    writeFileSync(file(), JSON.stringify({ kalends: 'delegates', version: 1, delegates: [{ owner: '10000000-0000-4000-8000-000000000003', read: ['nobody-at-all'], write: ['10000000-0000-4000-8000-000000000004'] }] }));
    const partly = await caladmin('delegates', 'import', file());
    expect([partly.code, partly.stderr]).toEqual([1, 'the directory does not know nobody-at-all: left out\n']);
    expect(await list('--user', 'bob')).toEqual(['users/bob write users/carol set']);
  });

  it('refuses in sentences: nobody of that name, a group as owner, somebody twice, nobody named, another file', async () => {
    const cases: readonly (readonly [readonly string[], string])[] = [
      [['set', '--user', 'nobody-at-all', '--read', 'bob'], 'nobody in the directory is called nobody-at-all'], [['set', '--user', 'groups/team', '--read', 'bob'], 'is a group'],
      [['set', '--user', 'alice', '--read', 'bob', '--write', 'bob'], 'with --write and with --read'], [['set', '--user', 'alice'], 'name somebody'],
      [['import', join(root, 'package.json')], 'no file of delegates'], [['import', join(data, 'absent.json')], 'absent.json'],
    ];
    for (const [args, sentence] of cases) {
      const { code, stderr } = await caladmin('delegates', ...args);
      expect([code, stderr], args.join(' ')).toEqual([64, expect.stringContaining(sentence)]);
    }
  });
});
