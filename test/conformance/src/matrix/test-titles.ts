/**
 * The titles of all tests of the repository, read from the sources, nothing run: `it`, `test` and their `each` and `runIf`, with the titles of what encloses them. What a
 * title computes is `*`; placeholders of `each` stay as they are written.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

export interface TestTitle {
  /** From the repository's root. */ readonly file: string;
  /** Titles of the enclosing describes, outermost first. */ readonly within: readonly string[];
  readonly title: string;
}

const ROOTS = ['core', 'plugins', 'tools', 'test'];
/** Tests, and the suites that plugins run. */
const FILES = /(?:\.test\.ts$)|(?:testkit[/\\]src[/\\]suites[/\\][\w-]+\.ts$)/;

export function testTitles(repository: string): readonly TestTitle[] {
  return ROOTS.flatMap((root) => readdirSync(join(repository, root), { withFileTypes: true }).filter((entry) => entry.isDirectory()).flatMap(({ name }) => sources(repository, join(root, name, 'src'))))
    .filter((file) => FILES.test(file)).flatMap((file) => titlesIn(file, readFileSync(join(repository, file), 'utf8')));
}

function sources(repository: string, folder: string): readonly string[] {
  try {
    return readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' }).sort().map((name) => join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

export function titlesIn(file: string, text: string): readonly TestTitle[] {
  const found: TestTitle[] = [];
  const visit = (node: ts.Node, within: readonly string[]): void => {
    if (ts.isCallExpression(node)) {
      const kind = kindOf(node.expression);
      const titles = node.arguments.map(textOf);
      if (kind === 'test' && titles[0] !== undefined) found.push({ file, within, title: titles[0] });
      if (kind === 'describe') {
        const title = titles.findLast((one) => one !== undefined);
        node.forEachChild((child) => { visit(child, title === undefined ? within : [...within, title]); });
        return;
      }
    }
    node.forEachChild((child) => { visit(child, within); });
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, false), []);
  return found;
}

function kindOf(callee: ts.Expression): 'test' | 'describe' | undefined {
  if (ts.isIdentifier(callee)) return callee.text === 'it' || callee.text === 'test' ? 'test' : callee.text.startsWith('describe') ? 'describe' : undefined;
  if (ts.isPropertyAccessExpression(callee)) return ['skip', 'todo'].includes(callee.name.text) ? undefined : kindOf(callee.expression);
  if (ts.isCallExpression(callee)) return kindOf(callee.expression);
  return ts.isTaggedTemplateExpression(callee) ? kindOf(callee.tag) : undefined;
}

function textOf(node: ts.Expression): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) return node.head.text + node.templateSpans.map(({ literal }) => `*${literal.text}`).join('');
  if (!ts.isBinaryExpression(node)) return undefined;
  const [left, right] = [textOf(node.left), textOf(node.right)];
  return left === undefined && right === undefined ? undefined : `${left ?? '*'}${right ?? '*'}`;
}

/**
 * The tests that a reference names: `file: title`, where `file` is how the path ends without `.test.ts` (`webdav-files`, `clients/evolution`) and `title` the test's
 * own, `describe > title`, or that of a describe, for all in it; `*` stands for anything.
 */
export function named(reference: string, titles: readonly TestTitle[]): readonly TestTitle[] {
  const [, file, wanted] = /^([\w./-]+|\.\*): (.+)$/s.exec(reference) ?? [];
  if (file === undefined || wanted === undefined) return [];
  const pattern = new RegExp(`^${wanted.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`, 's');
  return titles.filter((one) => new RegExp(`(?:^|/)${file}(?:\\.test)?\\.ts$`).test(one.file) && namesOf(one).some((name) => pattern.test(name)));
}

function namesOf({ within, title }: TestTitle): readonly string[] {
  const path = [...within, title];
  return [title, ...path.map((_, depth) => path.slice(0, depth + 1).join(' > '))];
}
