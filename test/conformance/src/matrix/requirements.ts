/** The lists that people write: what the documents require (`musts/*.yaml`), and where the suite and this server differ for good (`deviations.yaml`). */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export interface Must {
  readonly section: string;
  /** A short paraphrase. */ readonly says: string;
  /** References to tests (`named`). Without one it is not covered. */ readonly tests: readonly string[];
  /** Why it is not covered, or what the tests leave out. */ readonly note: string | undefined;
}
export interface Requirements { readonly document: string; readonly title: string; readonly note: string | undefined; readonly musts: readonly Must[] }

export interface Deviation {
  readonly script: string;
  /** `suite | test` as in expected.json; `*` stands for anything. */ readonly tests: readonly string[];
  /** The sentence that makes our answer right. */ readonly because: string | undefined;
  /** What has to come first. */ readonly pending: string | undefined;
}

export function readRequirements(folder: string): readonly Requirements[] {
  return readdirSync(folder).filter((name) => name.endsWith('.yaml')).sort().map((name) => {
    const given = fields(parse(readFileSync(join(folder, name), 'utf8')), name, ['document', 'title', 'note', 'musts']);
    const musts = list(given['musts'], `${name}: musts`).map((one, i): Must => {
      const at = `${name}: must ${i + 1}`;
      const must = fields(one, at, ['section', 'says', 'tests', 'note']);
      return { section: text(must['section'], `${at}: section`), says: text(must['says'], `${at}: says`), tests: texts(must['tests'] ?? [], `${at}: tests`), note: optional(must['note'], `${at}: note`) };
    });
    return { document: text(given['document'], `${name}: document`), title: text(given['title'], `${name}: title`), note: optional(given['note'], `${name}: note`), musts };
  });
}

export function readDeviations(file: string): readonly Deviation[] {
  return list(parse(readFileSync(file, 'utf8')), file).map((one, i) => {
    const at = `${file}: entry ${i + 1}`;
    const given = fields(one, at, ['script', 'tests', 'because', 'pending']);
    const because = optional(given['because'], `${at}: because`);
    const pending = optional(given['pending'], `${at}: pending`);
    if ((because === undefined) === (pending === undefined)) throw new Error(`${at}: either because or pending`);
    return { script: text(given['script'], `${at}: script`), tests: texts(given['tests'], `${at}: tests`), because, pending };
  });
}

function fields(value: unknown, at: string, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${at}: a mapping is wanted`);
  const unknown = Object.keys(value).filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`${at}: unknown: ${unknown.join(', ')}`);
  return value as Readonly<Record<string, unknown>>;
}

function list(value: unknown, at: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${at}: a list is wanted`);
  return value;
}

function texts(value: unknown, at: string): readonly string[] {
  return list(value, at).map((one) => text(one, at));
}

function text(value: unknown, at: string): string {
  if (typeof value !== 'string' || value === '') throw new Error(`${at}: a text is wanted${typeof value === 'number' ? ', in quotes' : ''}`);
  return value;
}

function optional(value: unknown, at: string): string | undefined {
  return value === undefined ? undefined : text(value, at);
}
