import { describe, expect, it } from 'vitest';
import { compareWith, countsOf, failuresByScript, jsonReport, junitReport, textReport } from './report.ts';
import type { ScriptOutcome, Verdict } from './run-script.ts';

const outcome = (script: string, ...verdicts: readonly Verdict[]): ScriptOutcome => ({
  script, broken: undefined, tests: verdicts.map((verdict, at) => ({ suite: 's', test: String(at + 1), description: 'does <it>', verdict, messages: verdict === 'passed' ? [] : ['request 1: GET /', 'because & \u0001'], milliseconds: 5 })),
});
const groups = [['area', [outcome('one', 'passed', 'failed'), outcome('two', 'ignored')]]] as const;

describe('a report', () => {
  it('counts by area and script, and tells each failure', () => {
    expect(countsOf(groups[0][1])).toEqual({ passed: 1, failed: 1, ignored: 1 });
    const text = textReport(groups);
    expect(text).toMatch(/area +1 +1 +1\n {2}one +1 +1 +0\n {2}two +0 +0 +1\nall +1 +1 +1/);
    expect(text).toContain('one | s | 2: does <it>\n    request 1: GET /\n    because & ');
    expect(textReport(groups, false)).not.toContain('because');
  });
  it('is JSON for programs and JUnit for CI, whatever octets a message holds', () => {
    expect(JSON.parse(jsonReport(groups))).toMatchObject({ counts: { passed: 1 }, scripts: [{ area: 'area', script: 'one' }, { script: 'two' }] });
    const junit = junitReport(groups);
    expect(junit).toContain('<testsuite name="area.one" tests="2" failures="1" skipped="0">');
    expect(junit).toContain('<failure message="because &amp; ');
    expect(junit).not.toContain('\u0001');
  });
});

describe('the comparison with known failures', () => {
  const known = { one: ['s | 1', 's | 3'], gone: ['s | 1'] };
  it('tells what fails anew and what does not any more, of the scripts that ran', () => {
    expect(compareWith(known, [outcome('one', 'passed', 'failed', 'failed')])).toEqual({ regressions: ['one | s | 2'], progress: ['one | s | 1'] });
    expect(compareWith(failuresByScript([outcome('one', 'failed', 'passed')]), [outcome('one', 'failed', 'passed')])).toEqual({ regressions: [], progress: [] });
  });
});
