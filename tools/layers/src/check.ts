/**
 * Reads every package.json and every import of a checkout and reports each arrow that the rules do not know, each library in the wrong hands, each import that
 * its package.json does not declare. Reads text only; changes nothing.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import ts from 'typescript';
import { ARROWS, DOORS, LIBRARIES } from './rules.ts';

export interface Violation { readonly file: string; readonly sentence: string }

interface Package {
  readonly folder: string; readonly name: string; readonly declared: ReadonlySet<string>;
  /** What its `exports` offer, as others write it. */ readonly entries: ReadonlySet<string>;
}

export function checkLayers(root: string): readonly Violation[] {
  const packages = packagesOf(root);
  const byName = new Map(packages.map((one) => [one.name, one]));
  const rootDeclared = declaredIn(join(root, 'package.json'));
  return packages.flatMap((one) => sourcesOf(join(root, one.folder, 'src')).flatMap((path) => {
    const text = readFileSync(path, 'utf8');
    const file = path.slice(root.length + 1);
    const test = /\.(test|fixture)\.ts$/.test(file) || one.folder.startsWith('test/');
    return [
      ...importsOf(text).flatMap((specifier) => judge(one, specifier, test, byName, rootDeclared)),
      ...(test ? [] : doorsIn(file, text)),
    ].map((sentence) => ({ file, sentence }));
  }));
}

function judge(from: Package, specifier: string, test: boolean, byName: ReadonlyMap<string, Package>, rootDeclared: ReadonlySet<string>): readonly string[] {
  if (specifier.startsWith('.')) return [];
  const name = specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
  const target = byName.get(name);
  if (target !== undefined) {
    if (!target.entries.has(specifier)) return [`imports ${specifier}: only ${[...target.entries].join(' and ')} may be imported`];
    if (target.folder === 'test/testkit' && test) return [];
    if (!mayImport(from.folder, target.folder)) return [`imports ${name}: ${from.folder} may import ${allowedText(from.folder)}`];
    return from.declared.has(name) || test ? [] : [`imports ${name}, which its package.json does not declare`];
  }
  const library = LIBRARIES.find((one) => specifier === one.library);
  if (library !== undefined && !test && !library.only.includes(from.folder)) return [`imports ${specifier}: ${library.only.join(', ')} alone may (${library.because})`];
  if (isBuiltin(specifier)) return [];
  return from.declared.has(name) || (test && rootDeclared.has(name)) ? [] : [`imports ${name}, which its package.json does not declare`];
}

function doorsIn(file: string, text: string): readonly string[] {
  return DOORS.filter((door) => file.startsWith(door.within) && door.text.test(text) && !door.only.some((prefix) => file.startsWith(prefix)))
    .map((door) => `holds ${String(door.text)}: ${door.because}`);
}

function mayImport(from: string, to: string): boolean {
  const allowed = allowedFor(from);
  return allowed === 'everything' || allowed.some((pattern) => matches(pattern, to));
}

function allowedFor(folder: string): readonly string[] | 'everything' {
  const pattern = Object.keys(ARROWS).find((one) => matches(one, folder));
  return pattern === undefined ? [] : ARROWS[pattern]!;
}

function allowedText(folder: string): string {
  const allowed = allowedFor(folder);
  return allowed === 'everything' ? 'everything' : allowed.join(', ') || 'nothing of the house';
}

function matches(pattern: string, folder: string): boolean {
  return pattern === folder || (pattern.endsWith('*') && folder.startsWith(pattern.slice(0, -1)));
}

function packagesOf(root: string): readonly Package[] {
  return ['core', 'plugins', 'tools', 'test'].flatMap((group) => readdirSync(join(root, group)).flatMap((entry) => {
    const manifest = join(root, group, entry, 'package.json');
    if (!existsSync(manifest)) return [];
    const { name, exports = {} } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly name: string; readonly exports?: Readonly<Record<string, unknown>> };
    const entries = new Set(Object.keys(exports).map((key) => name + key.slice(1)));
    return [{ folder: `${group}/${entry}`, name, declared: declaredIn(manifest), entries }];
  }));
}

function declaredIn(manifest: string): ReadonlySet<string> {
  const parsed = JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, Record<string, string> | undefined>;
  const names = ['dependencies', 'optionalDependencies', 'peerDependencies', 'devDependencies'].flatMap((field) => Object.keys(parsed[field] ?? {}));
  // Types of a library come with it.
  return new Set(names.flatMap((name) => (name.startsWith('@types/') ? [name, name.slice('@types/'.length)] : [name])));
}

function sourcesOf(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).map((name) => join(folder, name)).sort();
}

function importsOf(text: string): readonly string[] {
  return [...new Set(ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName))];
}
