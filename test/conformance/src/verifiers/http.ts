/** Verifiers of what every HTTP answer has: its status, its headers, its body as it came. */
import { given, headerLines, wrongStatus } from '../answer.ts';
import type { Verification, Verifier } from '../answer.ts';
import { canonical, parseXml } from '../xml-tree.ts';

/** `status`: codes or classes (`2xx`), any of them; default any 2xx. */
export const statusCode: Verifier = (verification) => {
  const allowed = verification.values.get('status') ?? ['2xx'];
  const { status } = verification.answer;
  return allowed.some((one) => (one.slice(1) === 'xx' ? Math.floor(status / 100) === Number(one[0]) : status === Number(one))) ? [] : [`HTTP status ${status}, expected ${allowed.join(' or ')}`];
};

/**
 * `header`: `Name` (there once), `!Name` (absent), `*Name` (there, perhaps more than once), each with `$pattern` (must match from its beginning) or
 * `!pattern` (must not). White space does not count.
 */
export const header: Verifier = (verification) => given(verification, 'header').flatMap((expected) => {
  const mark = /^[!*]*/.exec(expected)![0];
  const [, name, sign, pattern] = /^([^$!]*)([$!])?(.*)$/s.exec(expected.slice(mark.length))!;
  const lines = headerLines(verification.answer, name!);
  if (mark.includes('!')) return lines.length > 0 ? [`the header ${name} is there`] : [];
  if (lines.length === 0) return [`no header ${name}`];
  if (lines.length > 1 && !mark.includes('*')) return [`${lines.length} headers ${name}`];
  if (sign === undefined) return [];
  const expression = new RegExp(`^(?:${withoutSpaces(pattern!)})`, 's');
  const matches = lines.some((line) => expression.test(withoutSpaces(line)));
  return matches === (sign === '$') ? [] : [`the header ${name} is ${lines.join(' | ')}, expected ${sign === '$' ? '' : 'not '}${pattern}`];
});

function withoutSpaces(text: string): string {
  return text.replaceAll(' ', '');
}

/** `contains`, `notcontains`: all of them; a line feed stands for CRLF too. `unwrap`: folded lines are joined first. `empty`: no body at all. */
export const dataString: Verifier = (verification) => {
  const { values, answer } = verification;
  if (values.has('empty')) return answer.body === '' ? [] : ['there is a body'];
  if (answer.body === '') return ['no body'];
  const text = values.has('unwrap') ? answer.body.replaceAll('\r\n ', '') : answer.body;
  const holds = (part: string): boolean => text.includes(part) || text.includes(part.replaceAll('\n', '\r\n'));
  return [
    ...given(verification, 'contains').filter((part) => !holds(part)).map((part) => `the body does not contain ${JSON.stringify(part)}`),
    ...given(verification, 'notcontains').filter(holds).map((part) => `the body contains ${JSON.stringify(part)}`),
  ];
};

/** `filepath`: the body is that file. Line breaks and folding do not count in an `.ics`, nor white space and prefixes in an `.xml`. */
export const dataMatch: Verifier = async (verification) => {
  const { answer } = verification;
  if (answer.status !== 200 && answer.status !== 207) return wrongStatus(verification);
  if (answer.body === '') return ['no body'];
  const file = theFile(verification);
  const expected = await verification.readFile(file);
  const spelling = file.endsWith('.xml') ? (text: string) => canonical(parseXml(text)) : file.endsWith('.ics') ? unfolded : (text: string) => text.replaceAll('\r\n', '\n');
  return spelling(expected) === spelling(answer.body) ? [] : [`the body is not that of ${file}`, ...differences(spelling(expected), spelling(answer.body))];
};

function unfolded(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll('\n ', '');
}

/** @throws Error when there is not one */
export function theFile(verification: Verification): string {
  const [file, ...more] = given(verification, 'filepath');
  if (file === undefined || more.length > 0) throw new Error('the verifier names not one file');
  return file;
}

/** Lines that only one of two texts has, for people. */
export function differences(expected: string, got: string): readonly string[] {
  const [left, right] = [expected, got].map((text) => text.split(/\n|(?<=>)(?=<)/));
  const without = (lines: readonly string[], others: readonly string[], sign: string): readonly string[] => {
    const rest = [...others];
    return lines.flatMap((line) => {
      const at = rest.indexOf(line);
      if (at >= 0) rest.splice(at, 1);
      return at >= 0 ? [] : [`${sign} ${line.trim()}`];
    });
  };
  return [...without(left!, right!, '-'), ...without(right!, left!, '+')];
}
