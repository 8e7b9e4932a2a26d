/**
 * The CalDAVTester suite against this server, where the suite's folder is there: what is known to fail may fail, and nothing else. `expected.json` is written by
 * `caldav-conformance --areas … --write-expected`; what passes now and did not is told, to be taken out of it.
 */
import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AREAS } from './areas.ts';
import { compareWith, countsOf } from './report.ts';
import type { KnownFailures } from './report.ts';
import { runSuite } from './run-suite.ts';
import { readServerInfo } from './server-info.ts';
import { defaultSuiteFolder, packageFolder, repository, selectScripts } from './suite-folder.ts';

/** It takes 50 s of CPU, most of it 29 starts of the server; a machine with other work takes several times that. */
const MILLISECONDS = 400_000;
const folder = defaultSuiteFolder();
const serverInfo = join(packageFolder, 'serverinfo.xml');

if (folder === undefined) console.warn('\n*** SKIPPED: the suite itself is not here: name its folder in CALDAVTESTER (test/conformance/README.md) ***\n');

describe('the suite', () => {
  it('is described for this server: accounts, paths and features', async () => {
    const info = await readServerInfo(serverInfo);
    expect([info.variables.get('$userid7:'), info.variables.get('$userguid40:'), info.variables.get('$username-encoded1:')]).toEqual(['user07', '10000000-0000-0000-0000-000000000040', 'User%2001']);
    expect(info.features.has('caldav')).toBe(true);
    expect(info.calendarFilters).toContain('DTSTAMP');
  });

  it.runIf(folder !== undefined)('passes, but for what is known to fail', async () => {
    expect(existsSync(join(repository, 'core', 'server', 'dist', 'index.js')), 'the server is not built: npm run build').toBe(true);
    const known = JSON.parse(await readFile(join(packageFolder, 'expected.json'), 'utf8')) as KnownFailures;
    const areas = Object.keys(AREAS).filter((area) => AREAS[area]!.some((script) => known[script] !== undefined));
    const outcomes = (await runSuite({ folder: folder!, selection: await selectScripts(folder!, areas, []), serverInfo })).flatMap(([, list]) => list);
    const { regressions, progress } = compareWith(known, outcomes);
    if (progress.length > 0) console.warn(`passes now, so take it out of expected.json:\n${progress.join('\n')}`);
    expect(regressions).toEqual([]);
    expect(countsOf(outcomes).passed).toBeGreaterThan(0);
  }, MILLISECONDS);
});
