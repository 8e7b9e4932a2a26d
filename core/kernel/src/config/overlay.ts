/**
 * The overlay, `settings.yaml`: what the admin API changed. One key of the file is a whole path (`plugins.main-store.with.pool: 20`), so it copies nothing
 * and hides no later hand edit but of that very key. Files written by hand are never rewritten; this one is, and keeps its comments.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isMap as isYamlMap, parseDocument, stringify } from 'yaml';
import { ConfigDocument, emptyMap, formatPath, isMap } from './document.ts';
import type { Path } from './document.ts';
import type { Problem } from './problems.ts';
import { readYaml } from './yaml.ts';
import type { SourceText } from './yaml.ts';

/** Reads an overlay over `below`; a key that hides one of a hand-written file is a warning at both places. */
export function readOverlay(source: SourceText, below: ConfigDocument): { readonly document: ConfigDocument; readonly problems: readonly Problem[] } {
  const { document: flat, problems } = readYaml({ ...source, kind: 'overlay' });
  const document = new ConfigDocument(emptyMap());
  const found: Problem[] = [...problems];
  for (const [key, value] of Object.entries(flat.value)) {
    const path = key.split('.');
    const origin = flat.originOf([key]);
    const place = { file: origin?.source, line: origin?.line, path: key };
    if (path.some((part) => part === '') || (path[0] === 'plugins' && path.length < 3)) {
      found.push({ code: 'KRN_UNKNOWN_KEY', severity: 'error', ...place, message: 'not a single setting', remedy: 'write one key by its whole path, as plugins.main-store.with.pool: 20' });
      continue;
    }
    const hidden = below.get(path) === undefined ? undefined : below.originOf(path);
    if (hidden?.kind === 'file' && hidden.line !== undefined && !same(below.get(path), value)) {
      found.push({ code: 'KRN_HIDDEN', severity: 'warning', ...place, message: `hides the value of ${hidden.source}:${hidden.line}` });
    }
    document.set(path, value, origin);
    if (isMap(value)) for (const inner of Object.keys(value)) document.setOrigin([...path, inner], flat.originOf([key, inner])!);
  }
  return { document, problems: found };
}

/**
 * The text of an overlay with one setting put in, or taken out (`undefined`). Pure.
 * @throws RangeError when a part of the path holds a dot: it could not be read back
 */
export function editOverlay(text: string, path: Path, value: unknown): string {
  if (path.some((part) => part === '' || part.includes('.'))) throw new RangeError(`not a settings path: ${formatPath(path)}`);
  const document = parseDocument(text);
  const key = path.join('.');
  if (!isYamlMap(document.contents)) {
    if (value === undefined) return text;
    return `# Written by the admin API: single settings by path, laid over the files written by hand.\n${stringify({ [key]: value })}`;
  }
  if (value === undefined) document.delete(key);
  else document.set(key, value);
  return String(document);
}

/** Makes the change durable by a rename, so that a reader sees the old settings or the new ones. */
export function writeOverlay(file: string, path: Path, value: unknown): void {
  const before = readOrEmpty(file);
  mkdirSync(dirname(file), { recursive: true });
  const beside = `${file}.new`;
  writeFileSync(beside, editOverlay(before, path, value), { mode: 0o600, flush: true });
  renameSync(beside, file);
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
