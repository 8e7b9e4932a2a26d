/** A directory of a hundred thousand people: nothing is enumerated at the start or by a search, and answers come in pages. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bulkUsers, startOpenLdap } from '@kalends/test-services';
import type { OpenLdap } from '@kalends/test-services';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Dav, hrefsIn } from '../dav.ts';
import { describeWithAll } from '../programs.ts';
import { root, startServerProcess } from '../server-process.ts';
import { searchPrincipals } from './calendar-flow.ts';
import { setUpOpenDirectory } from './set-up.ts';

const PEOPLE = 100_000;
const example = join(root, 'config', 'examples', 'open-directory.yaml');
const as = { as: 'alice', password: 'alicepw' };

/** Entries handed out, and searches asked, of the log's lines. */
function counted(operations: readonly string[]): { readonly searches: number; readonly entries: number } {
  return {
    searches: operations.filter((line) => line.includes(' SRCH base=')).length,
    entries: operations.reduce((sum, line) => sum + Number(/ SEARCH RESULT .*nentries=(\d+)/.exec(line)?.[1] ?? 0), 0),
  };
}
const residentMebibytes = (pid: number): number => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1]) / 1024;

describeWithAll(['slapd', 'ldapmodify', 'openssl'], 'a directory of a hundred thousand', () => {
  let large: OpenLdap;
  let small: OpenLdap;
  beforeAll(async () => {
    small = await startOpenLdap();
    large = await startOpenLdap({ bulk: (base) => bulkUsers(base, PEOPLE) });
  });
  afterAll(async () => {
    await small?.[Symbol.asyncDispose]();
    await large?.[Symbol.asyncDispose]();
  });

  it('costs a starting server, and its first requests, no more than a small one', async () => {
    const costs = [];
    for (const ldap of [small, large]) {
      await ldap.operations();
      await using server = await startServerProcess({ config: example, env: ldap.env });
      const dav = new Dav(server.url);
      const started = counted(await ldap.operations());
      for (let request = 0; request < 20; request++) expect((await dav.propfind('/calendars/users/alice/', '<D:displayname/>', as)).status).toBe(207);
      costs.push({ started, used: counted(await ldap.operations()), memory: residentMebibytes(server.pid) });
    }
    const [less, more] = costs as [typeof costs[number], typeof costs[number]];
    expect(more.started).toEqual(less.started);
    expect(more.started.entries).toBeLessThan(5);
    expect(more.used).toEqual(less.used);
    expect(more.memory - less.memory).toBeLessThan(30);
  });

  it('is searched by one question for all kinds, and hands out what matches and nothing else', async () => {
    await using server = await startServerProcess({ config: example, env: large.env });
    const dav = new Dav(server.url);
    await dav.propfind('/', '<D:current-user-principal/>', as);
    await large.operations();
    expect(hrefsIn((await searchPrincipals(dav, as, 'Number0500')).text)).toHaveLength(100);
    const { searches, entries } = counted(await large.operations());
    expect(entries).toBeLessThan(110);
    // And how the directory is divided, once; and what access asks about the searcher.
    expect(searches).toBeLessThanOrEqual(5);
  });

  it('is listed in order, a page at a time', async () => {
    await using parts = await setUpOpenDirectory(large);
    const page = await parts.source.list('user', 'bulk050000', 100);
    expect(page.map(({ names }) => names[0])).toEqual(Array.from({ length: 100 }, (_, at) => `bulk${String(50_001 + at).padStart(6, '0')}`));
  });
});
