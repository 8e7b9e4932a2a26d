/** The outcomes of a run for people (text), for programs (JSON) and for CI (JUnit), and the comparison with what was known before. Pure. */
import type { ScriptOutcome, TestOutcome, Verdict } from './run-script.ts';

export interface Counts { readonly passed: number; readonly failed: number; readonly ignored: number }
export type Grouped = readonly (readonly [group: string, outcomes: readonly ScriptOutcome[]])[];

export function countsOf(outcomes: readonly ScriptOutcome[]): Counts {
  const tests = outcomes.flatMap((one) => one.tests);
  const count = (verdict: Verdict): number => tests.filter((test) => test.verdict === verdict).length;
  return { passed: count('passed'), failed: count('failed'), ignored: count('ignored') };
}

/** A table of groups; then each failed test with what was wrong. */
export function textReport(groups: Grouped, failures = true): string {
  const row = (name: string, { passed, failed, ignored }: Counts): string => `${name.padEnd(34)}${String(passed).padStart(8)}${String(failed).padStart(8)}${String(ignored).padStart(8)}`;
  const lines = [`${''.padEnd(34)}  passed  failed ignored`];
  for (const [group, outcomes] of groups) {
    lines.push(row(group, countsOf(outcomes)));
    for (const one of outcomes) lines.push(row(`  ${one.script}`, countsOf([one])) + (one.broken === undefined ? '' : `  ${oneLine(one.broken)}`));
  }
  lines.push(row('all', countsOf(groups.flatMap(([, outcomes]) => outcomes))));
  if (failures) for (const one of groups.flatMap(([, outcomes]) => outcomes)) if (one.broken === undefined) lines.push(...failuresOf(one));
  return `${lines.join('\n')}\n`;
}

function failuresOf({ script, tests }: ScriptOutcome): readonly string[] {
  return tests.filter((test) => test.verdict === 'failed').flatMap((test) => ['', `${script} | ${test.suite} | ${test.test}: ${oneLine(test.description)}`, ...test.messages.map((message) => `    ${message.replaceAll('\n', '\n    ')}`)]);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 160);
}

export function jsonReport(groups: Grouped): string {
  const scripts = groups.flatMap(([area, outcomes]) => outcomes.map((one) => ({ area, ...one })));
  return `${JSON.stringify({ counts: countsOf(scripts), scripts }, null, 2)}\n`;
}

export function junitReport(groups: Grouped): string {
  const suites = groups.flatMap(([area, outcomes]) => outcomes.flatMap((one) => {
    const { passed, failed, ignored } = countsOf([one]);
    return [
      `  <testsuite name="${xml(`${area}.${one.script}`)}" tests="${passed + failed + ignored}" failures="${failed}" skipped="${ignored}">`,
      ...one.tests.map((test) => junitCase(one.script, test)),
      '  </testsuite>',
    ];
  }));
  return ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites>', ...suites, '</testsuites>', ''].join('\n');
}

function junitCase(script: string, test: TestOutcome): string {
  const head = `    <testcase classname="${xml(script)}" name="${xml(`${test.suite} | ${test.test} | ${oneLine(test.description)}`)}" time="${(test.milliseconds / 1000).toFixed(3)}"`;
  if (test.verdict === 'passed') return `${head}/>`;
  if (test.verdict === 'ignored') return `${head}><skipped message="${xml(test.messages.join('; '))}"/></testcase>`;
  return `${head}><failure message="${xml(oneLine(test.messages[1] ?? test.messages[0] ?? ''))}">${xml(test.messages.join('\n'))}</failure></testcase>`;
}

/** Without what XML 1.0 cannot hold. */
function xml(text: string): string {
  return text.replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '�').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

/** What is known of a suite: the tests that fail, by script. Every other one that runs must pass. */
export type KnownFailures = Readonly<Record<string, readonly string[]>>;

export function keyOf(test: TestOutcome): string {
  return `${test.suite} | ${test.test}`;
}

export function failuresByScript(outcomes: readonly ScriptOutcome[]): KnownFailures {
  return Object.fromEntries(outcomes.map((one) => [one.script, distinct(one.tests.filter((test) => test.verdict === 'failed').map(keyOf))]));
}

export interface Difference { readonly regressions: readonly string[]; readonly progress: readonly string[] }

/** Regressions: failed though not known to. Progress: known to fail, but does not any more; a test of that name that does not exist any more is one too. */
export function compareWith(known: KnownFailures, outcomes: readonly ScriptOutcome[]): Difference {
  const now = failuresByScript(outcomes);
  const minus = (left: KnownFailures, right: KnownFailures): readonly string[] => Object.keys(now).flatMap((script) => (left[script] ?? []).filter((key) => !(right[script] ?? []).includes(key)).map((key) => `${script} | ${key}`));
  return { regressions: minus(now, known), progress: minus(known, now) };
}

function distinct(keys: readonly string[]): readonly string[] {
  return [...new Set(keys)].sort();
}
