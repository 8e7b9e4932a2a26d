/**
 * Puts real values in the place of `{ env: NAME }` and `{ file: PATH }`, and makes values that begin with `./` or `../` absolute: they start from the
 * folder of the file they stand in, wherever the process was started. A plugin's `with` as a whole is never a reference, what is inside it may be.
 */
import { readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { ConfigDocument, formatPath, isMap, isReference } from './document.ts';
import type { Origin, Path } from './document.ts';
import type { Problem } from './problems.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export function resolveReferences(document: ConfigDocument, environment: Environment): readonly Problem[] {
  const problems: Problem[] = [];
  const fallback: Origin = { kind: 'memory', source: 'config', folder: process.cwd() };

  const visit = (path: Path, value: unknown): void => {
    const origin = document.originOf(path) ?? fallback;
    if (isReference(value) && !isWith(path)) {
      const found = 'env' in value ? fromEnvironment(value.env, environment) : fromFile(value.file, origin.folder);
      const reference = 'env' in value ? `{ env: ${value.env} }` : `{ file: ${value.file} }`;
      if ('value' in found) document.set(path, found.value, { ...origin, reference });
      else problems.push({ code: 'KRN_REFERENCE', severity: 'error', file: origin.source, line: origin.line, path: formatPath(path), ...found });
    } else if (isMap(value)) {
      for (const [key, next] of Object.entries(value)) if (!isDisabled(path, next)) visit([...path, key], next);
    } else if (Array.isArray(value)) {
      value.forEach((next, index) => visit([...path, String(index)], next));
    } else if (typeof value === 'string' && /^\.\.?(?:\/|$)/.test(value) && path.at(-1) !== 'use') {
      const list = document.get(path.slice(0, -1));
      const absolute = resolve(origin.folder, value);
      if (Array.isArray(list)) list[Number(path.at(-1))] = absolute;
      else document.set(path, absolute, origin);
    }
  };
  visit([], document.value);
  return problems;
}

/** What is switched off may name a variable that is not set. */
function isDisabled(path: Path, value: unknown): boolean {
  return path.length === 1 && path[0] === 'plugins' && isMap(value) && value['enabled'] === false;
}

function isWith(path: Path): boolean {
  return path.length <= 3 && path[0] === 'plugins';
}

type Found = { readonly value: string } | { readonly message: string; readonly remedy: string };

function fromEnvironment(name: string, environment: Environment): Found {
  const value = environment[name];
  if (value === undefined) return { message: `the environment variable ${name} is not set`, remedy: `set ${name} for the server's process, or write { file: PATH }` };
  return { value };
}

function fromFile(path: string, folder: string): Found {
  const file = isAbsolute(path) ? path : resolve(folder, path);
  try {
    return { value: readFileSync(file, 'utf8').replace(/\r?\n$/, '') };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    return { message: `cannot read the file ${file} (${code})`, remedy: 'create it, or let the account the server runs under read it' };
  }
}
