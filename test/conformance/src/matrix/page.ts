/** Writes `docs/conformance.md` from the lists, and says what does not hold in them. */
import type { KnownFailures } from '../report.ts';
import type { Deviation, Must, Requirements } from './requirements.ts';
import { named } from './test-titles.ts';
import type { TestTitle } from './test-titles.ts';

const HEAD = `# Conformance

Written by \`npm run matrix\` from \`test/conformance/musts\` and \`test/conformance/deviations.yaml\`; a test fails when it is not what they say, or when a test that they
name is not there. Each row is a sentence of the document in short, and the tests that hold the server to it; *not covered* means that no test of its own does.
`;

/** References to tests that are not there, and where tests of that title are. */
export function missingTests(requirements: readonly Requirements[], titles: readonly TestTitle[]): readonly string[] {
  return requirements.flatMap(({ document, musts }) => musts.flatMap(({ section, tests }) => tests.filter((reference) => named(reference, titles).length === 0).map((reference) => {
    const elsewhere = [...new Set(named(reference.replace(/^[\w./-]+: /, '.*: '), titles).map(({ file }) => file))];
    return `${document} §${section}: ${reference}${elsewhere.length === 0 ? '' : ` (but in ${elsewhere.join(', ')})`}`;
  })));
}

interface Failure { readonly script: string; readonly key: string }

function failuresOf(known: KnownFailures): readonly Failure[] {
  return Object.entries(known).flatMap(([script, keys]) => keys.map((key) => ({ script, key })));
}

function speaksOf(deviation: Deviation, pattern: string, { script, key }: Failure): boolean {
  return deviation.script === script && glob(pattern).test(key);
}

/** Known failures without a sentence; and why a failure is right that is none, of scripts that were run. */
export function unexplained(deviations: readonly Deviation[], known: KnownFailures): readonly string[] {
  const failures = failuresOf(known);
  return [
    ...failures.filter((failure) => !deviations.some((one) => one.tests.some((pattern) => speaksOf(one, pattern, failure)))).map(({ script, key }) => `fails without a sentence: ${script} | ${key}`),
    ...deviations.filter(({ script, because }) => because !== undefined && known[script] !== undefined)
      .flatMap((one) => one.tests.filter((pattern) => !failures.some((failure) => speaksOf(one, pattern, failure))).map((pattern) => `a sentence without a failure: ${one.script} | ${pattern}`)),
  ];
}

function glob(pattern: string): RegExp {
  return new RegExp(`^${pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`);
}

export function renderPage(requirements: readonly Requirements[], deviations: readonly Deviation[], titles: readonly TestTitle[], known: KnownFailures): string {
  const covered = (musts: readonly Must[]): number => musts.filter(({ tests }) => tests.length > 0).length;
  const all = requirements.flatMap(({ musts }) => musts);
  return [
    HEAD,
    table(['document', 'requirements', 'covered'], [
      ...requirements.map(({ document, title, musts }) => [`[${document}](#${anchor(heading(document, title))}) ${title}`, String(musts.length), String(covered(musts))]),
      ['together', String(all.length), String(covered(all))],
    ]),
    '- [Clients](#clients)\n- [Where Apple\'s suite and this server differ](#where-apples-suite-and-this-server-differ)\n',
    ...requirements.map(({ document, title, note, musts }) => [
      `## ${heading(document, title)}\n`, ...(note === undefined ? [] : [`${note}\n`]), table(['§', 'requires', 'tests'], musts.map((must) => [must.section, must.says, testsCell(must, titles)])),
    ].join('\n')),
    clientsSection(titles),
    suiteSection(deviations, failuresOf(known)),
  ].join('\n');
}

/** By the folders they are in: programs that run, and what others were seen to send. */
function clientsSection(titles: readonly TestTitle[]): string {
  const named = (folder: string): string => {
    const files = [...new Set(titles.map(({ file }) => file.replaceAll('\\', '/')).filter((file) => file.startsWith(`test/integration/src/${folder}/`)))];
    return files.map((file) => `[${[...new Set(titles.filter((one) => one.file.replaceAll('\\', '/') === file && one.within.length > 0).map(({ within }) => within[0]!))].join(', ')}](../${file})`).join('; ');
  };
  return `## Clients\n\nThe programs themselves, against a server as a user starts it: ${named('clients')}.\n\nWhat others send, request by request: ${named('interop')}.\n`;
}

function suiteSection(deviations: readonly Deviation[], failures: readonly Failure[]): string {
  const rows = (wanted: 'because' | 'pending'): string[][] => deviations.filter((one) => one[wanted] !== undefined).flatMap((one) => {
    const failing = one.tests.filter((pattern) => failures.some((failure) => speaksOf(one, pattern, failure)));
    return failing.length === 0 ? [] : [[one.script, failing.join('; '), one[wanted]!]];
  });
  const pending = rows('pending');
  return [
    "## Where Apple's suite and this server differ\n",
    'The scripts of CalDAVTester that measure what this server does run against it (`test/conformance`). What fails there and stays so, and why the server is right:\n',
    table(['script', 'test', 'why'], rows('because')),
    ...(pending.length === 0 ? [] : ['What fails until something else is there:\n', table(['script', 'test', 'waits for'], pending)]),
  ].join('\n');
}

function testsCell({ tests, note }: Must, titles: readonly TestTitle[]): string {
  const links = tests.map((reference) => {
    const file = named(reference, titles)[0]?.file.replaceAll('\\', '/') ?? '';
    const [name] = reference.split(': ', 1);
    return `[${name!}](../${file}): ${reference.slice(name!.length + 2)}`;
  });
  return [...(links.length === 0 ? ['*not covered*'] : links), ...(note === undefined ? [] : [note])].join('<br>');
}

function heading(document: string, title: string): string {
  return `${document}: ${title}`;
}

function anchor(text: string): string {
  return text.toLowerCase().replace(/[^\w\s-]/g, '').replace(/\s/g, '-');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('\n', ' ').replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('&lt;br>', '<br>')).join(' | ')} |\n`;
  return `${line(head)}|${head.map(() => '---').join('|')}|\n${rows.map(line).join('')}`;
}
