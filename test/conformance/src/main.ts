/**
 * The command: runs scripts of the CalDAVTester format and reports. `--help` says how. Exit code 0: nothing failed that was not known to; 1: something did;
 * 2: it could not run.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compareWith, countsOf, failuresByScript, jsonReport, junitReport, textReport } from './report.ts';
import type { Grouped, KnownFailures } from './report.ts';
import { runSuite } from './run-suite.ts';
import { defaultSuiteFolder, packageFolder, selectScripts } from './suite-folder.ts';

const HELP = `caldav-conformance [SCRIPT...] runs scripts of the CalDAVTester format against a CalDAV server.

  --suite DIR         the suite: scripts/tests/CalDAV, the files they name (default: $CALDAVTESTER, then ../shared/data/caldavtester)
  --areas A,B         only scripts of these areas (${'acl, caldav-core, sync, …'}; a wrong one lists all)
  --address URL       a server that runs already; default: an own caldavd for each script, with an empty store
  --serverinfo FILE   what the server is like (default: this package's serverinfo.xml)
  --report FILE       also writes .json, .xml (JUnit) or text, by its ending; may be given several times
  --expected FILE     known failures; only others make the exit code 1
  --write-expected FILE   writes the failures of this run as the known ones
  --summary           the table without the failures
`;

const OPTIONS = {
  suite: { type: 'string' }, areas: { type: 'string' }, address: { type: 'string' }, serverinfo: { type: 'string' }, report: { type: 'string', multiple: true },
  expected: { type: 'string' }, 'write-expected': { type: 'string' }, summary: { type: 'boolean' }, help: { type: 'boolean' },
} as const;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const folder = values.suite ?? defaultSuiteFolder();
  if (folder === undefined) throw new Error('no suite: give --suite, or set CALDAVTESTER');
  const names = positionals.map((name) => name.replace(/^.*\//, '').replace(/\.xml$/, ''));
  const selection = await selectScripts(folder, (values.areas ?? '').split(',').filter((area) => area !== ''), names);
  const groups = await runSuite({
    folder, selection, serverInfo: values.serverinfo ?? join(packageFolder, 'serverinfo.xml'), named: names, ...(values.address === undefined ? {} : { address: values.address }),
    onScript: (one) => { const { passed, failed, ignored } = countsOf([one]); process.stderr.write(`${one.script}: ${passed} passed, ${failed} failed, ${ignored} ignored\n`); },
  });
  process.stdout.write(textReport(groups, values.summary !== true));
  for (const file of values.report ?? []) await writeFile(file, rendered(file, groups));
  const outcomes = groups.flatMap(([, list]) => list);
  if (values['write-expected'] !== undefined) await writeFile(values['write-expected'], `${JSON.stringify(failuresByScript(outcomes), null, 1)}\n`);
  const known = values.expected === undefined ? {} : JSON.parse(await readFile(values.expected, 'utf8')) as KnownFailures;
  const { regressions, progress } = compareWith(known, outcomes);
  if (values.expected !== undefined) process.stdout.write([...regressions.map((one) => `regression: ${one}`), ...progress.map((one) => `passes now: ${one}`), ''].join('\n'));
  return regressions.length === 0 ? 0 : 1;
}

function rendered(file: string, groups: Grouped): string {
  if (file.endsWith('.json')) return jsonReport(groups);
  return file.endsWith('.xml') ? junitReport(groups) : textReport(groups);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`caldav-conformance: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
