/** Runs one script: its start requests, its suites, what it asked to delete, its end requests. Every test gets an outcome; nothing it does stops the run. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Exchanges } from './exchange.ts';
import { NothingToSend, RequestRunner } from './run-request.ts';
import { closedBy } from './script.ts';
import type { Script, ScriptRequest, ScriptTest, Suite } from './script.ts';
import type { ServerInfo } from './server-info.ts';
import { Variables } from './variables.ts';

export type Verdict = 'passed' | 'failed' | 'ignored';

export interface TestOutcome {
  readonly suite: string; readonly test: string; readonly description: string;
  readonly verdict: Verdict;
  /** Why it failed or was ignored; the failing request first. */ readonly messages: readonly string[];
  readonly milliseconds: number;
}

export interface ScriptOutcome { readonly script: string; /** Why no test ran, if none did. */ readonly broken: string | undefined; readonly tests: readonly TestOutcome[] }

export interface ScriptRun {
  /** For the report: `CalDAV/put.xml`. */ readonly name: string;
  readonly script: Script;
  readonly info: ServerInfo;
  /** The suite's folder, from which scripts name their files. */ readonly folder: string;
  readonly exchanges: Exchanges;
  readonly today: Date;
}

export async function runScript(run: ScriptRun): Promise<ScriptOutcome> {
  const { name, script, info, folder } = run;
  const closed = closedBy(script.gate, info.features);
  const every = (verdict: Verdict, why: string): readonly TestOutcome[] => script.suites.flatMap((suite) => suite.tests.map((test) => outcome(suite, test, closedOf(run, suite, test) === undefined ? verdict : 'ignored', [closedOf(run, suite, test) ?? why], 0)));
  if (closed !== undefined) return { script: name, broken: closed, tests: every('ignored', closed) };

  const variables = new Variables(info.variables, run.today);
  variables.renewUids();
  const files = (path: string): Promise<Buffer> => readFile(join(folder, path));
  const runner = new RequestRunner({ info, exchanges: run.exchanges, variables, files, folder });
  let outcomes: readonly TestOutcome[];
  let broken: string | undefined;
  for (const request of script.start) broken ??= messagesOf(await attempt(() => runner.run(request, { verify: false, demandSuccess: true })))[0];
  if (broken === undefined) outcomes = await runSuites(run, runner, variables);
  else outcomes = every('failed', `a start request failed: ${broken}`);
  await runner.deleteWhatWasKept();
  for (const request of script.end) await attempt(() => runner.run(request, { verify: false, demandSuccess: false }));
  return { script: name, broken, tests: outcomes };
}

async function runSuites(run: ScriptRun, runner: RequestRunner, variables: Variables): Promise<readonly TestOutcome[]> {
  const outcomes: TestOutcome[] = [];
  for (const suite of run.script.suites) {
    if (suite.changeUids && !suite.ignored && closedBy(suite.gate, run.info.features) === undefined) variables.renewUids();
    for (const test of suite.tests) {
      const closed = closedOf(run, suite, test);
      if (closed !== undefined) outcomes.push(outcome(suite, test, 'ignored', [closed], 0));
      else {
        const began = performance.now();
        const complaints = await runTest(runner, test, run.info);
        const verdict = complaints instanceof NothingToSend ? 'ignored' : complaints.length === 0 ? 'passed' : 'failed';
        outcomes.push(outcome(suite, test, verdict, messagesOf(complaints), Math.round(performance.now() - began)));
      }
    }
  }
  return outcomes;
}

function closedOf({ info }: ScriptRun, suite: Suite, test: ScriptTest): string | undefined {
  if (suite.ignored || test.ignored) return 'the script says so';
  return closedBy(suite.gate, info.features) ?? closedBy(test.gate, info.features);
}

function outcome(suite: Suite, test: ScriptTest, verdict: Verdict, messages: readonly string[], milliseconds: number): TestOutcome {
  return { suite: suite.name, test: test.name, description: test.description, verdict, messages, milliseconds };
}

async function runTest(runner: RequestRunner, test: ScriptTest, info: ServerInfo): Promise<readonly string[] | NothingToSend> {
  for (let count = 1; count <= test.count; count++) {
    for (const [index, request] of test.requests.entries()) {
      const complaints = await patiently(request, info, () => attempt(() => runner.run(request, { verify: true, demandSuccess: false, count })));
      if (complaints instanceof NothingToSend) return complaints;
      if (complaints.length > 0) return [`request ${index + 1}: ${request.method} ${request.uris.join(' ')}`, ...complaints];
    }
  }
  return [];
}

/** A request marked `wait-for-success` is repeated until it succeeds or the server's time is over. */
async function patiently(request: ScriptRequest, info: ServerInfo, act: () => Promise<readonly string[] | NothingToSend>): Promise<readonly string[] | NothingToSend> {
  const end = Date.now() + info.successMilliseconds;
  for (;;) {
    const complaints = await act();
    if (complaints instanceof NothingToSend || complaints.length === 0 || !request.waitForSuccess || Date.now() > end) return complaints;
    await new Promise((resolve) => { setTimeout(resolve, info.waitMilliseconds); });
  }
}

function messagesOf(complaints: readonly string[] | NothingToSend): readonly string[] {
  return complaints instanceof NothingToSend ? [complaints.message] : complaints;
}

async function attempt(act: () => Promise<readonly string[]>): Promise<readonly string[] | NothingToSend> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof NothingToSend) return error;
    return [error instanceof Error ? error.message : String(error)];
  }
}
