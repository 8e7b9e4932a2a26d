/**
 * One part of a config against its schema: the value the plugin will get, or problems in words of the config, each at its line. Unknown keys are problems.
 * Text from the environment is read as YAML where the schema wants something else than text.
 */
import { parse } from 'yaml';
import type { z } from 'zod';
import { reasonOf } from '../errors.ts';
import { ConfigDocument, formatPath, isMap, isReference } from './document.ts';
import type { ConfigMap, Path } from './document.ts';
import { plain } from './environment.ts';
import type { Problem, ProblemCode } from './problems.ts';
import { expectedAt, isSecretAt, knownKeysAt, nodesAt, schemaOf } from './schema-node.ts';
import type { SchemaNode } from './schema-node.ts';
import { nearest } from './suggest.ts';

export interface Validated<T> {
  /** Absent when there are errors. */
  readonly value?: T;
  readonly problems: readonly Problem[];
  /** Values of secret fields, for the redactor. */
  readonly secrets: readonly string[];
}

interface Issue {
  readonly code: string; readonly path: readonly PropertyKey[]; readonly message: string;
  readonly keys?: readonly string[]; readonly errors?: readonly (readonly Issue[])[];
}

/** Marks the messages we may word ourselves: an author's own message is kept. */
const UNWORDED = '\0';

/** @param at where `value` stands in `document` */
export function validate<S extends z.ZodType>(schema: S, value: unknown, document: ConfigDocument, at: Path): Validated<z.output<S>> {
  const node = schemaOf(schema);
  const place = new Place(document, at, node);
  const given: unknown = value ?? {};
  try {
    let used = spellAsSchema(given, place);
    let result = schema.safeParse(used, { error: () => UNWORDED });
    if (!result.success) {
      const text = used;
      used = readTextAsYaml(text, result.error.issues as readonly Issue[], place);
      if (used !== text) result = schema.safeParse(used, { error: () => UNWORDED });
    }
    const found = secretsIn(used, place);
    const problems = [...(result.success ? [] : result.error.issues.flatMap((issue) => inWords(issue as Issue, used, place))), ...found.problems];
    return result.success && !problems.some((problem) => problem.severity === 'error')
      ? { value: result.data, problems, secrets: found.values }
      : { problems, secrets: found.values };
  } catch (error) {
    return { problems: [place.problem('KRN_BAD_VALUE', [], `could not be checked: ${reasonOf(error)}`)], secrets: [] };
  }
}

class Place {
  readonly document: ConfigDocument;
  readonly node: SchemaNode;
  readonly #at: Path;

  constructor(document: ConfigDocument, at: Path, node: SchemaNode) {
    this.document = document;
    this.node = node;
    this.#at = at;
  }

  origin(path: Path): ReturnType<ConfigDocument['originOf']> {
    return this.document.originOf([...this.#at, ...path]);
  }

  rename(from: Path, to: Path): void {
    const origin = this.origin(from);
    if (origin !== undefined) this.document.setOrigin([...this.#at, ...to], origin);
  }

  problem(code: ProblemCode, path: Path, message: string, remedy?: string, severity: Problem['severity'] = 'error'): Problem {
    const origin = this.origin(path);
    return { code, severity, file: origin?.source ?? 'config', line: origin?.line, path: formatPath([...this.#at, ...path]), message, remedy };
  }
}

function inWords(issue: Issue, value: unknown, place: Place): readonly Problem[] {
  const path = issue.path.map(String);
  // A reference that is still one could not be resolved, which has been reported.
  if (path.length > 0 && isReference(valueAt(value, path))) return [];
  if (issue.code === 'unrecognized_keys') return (issue.keys ?? []).map((key) => unknownKey(path, key, place));
  if (issue.code === 'invalid_union') {
    const branch = likelyBranch(issue, valueAt(value, path));
    if (branch !== undefined) return branch.flatMap((inner) => inWords({ ...inner, path: [...issue.path, ...inner.path] }, value, place));
  }
  if (issue.message !== UNWORDED) return [place.problem('KRN_BAD_VALUE', path, issue.message)];
  const expected = expectedAt(place.node, path);
  const given = valueAt(value, path);
  const about = nodesAt(place.node, path).find((node) => node.description !== undefined)?.description;
  if (given === undefined) return [place.problem('KRN_BAD_VALUE', path, expected === undefined ? 'is required' : `is required: ${expected}`, about)];
  return [place.problem('KRN_BAD_VALUE', path, `${expected === undefined ? 'not what was expected' : `expected ${expected}`}, got ${shown(given, path, place)}`, meantWord(given, path, place) ?? hint(path, place))];
}

function unknownKey(path: Path, key: string, place: Place): Problem {
  const known = knownKeysAt(place.node, path);
  const meant = nearest(key, known);
  const remedy = meant !== undefined ? `did you mean "${meant}"?` : known.length > 0 ? `known here: ${known.join(', ')}` : 'nothing can be set here';
  return place.problem('KRN_UNKNOWN_KEY', [...path, key], 'unknown key', remedy);
}

/** Of a union's branches, the only one that took the value for its own kind; undefined when none or several did. */
function likelyBranch(issue: Issue, value: unknown): readonly Issue[] | undefined {
  if (!isMap(value)) return undefined;
  const near = (issue.errors ?? []).filter((branch) => branch.length > 0 && branch.every((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys'));
  return near.length === 1 ? near[0] : undefined;
}

/** A value is quoted only where the schema wants a number, a truth value or one of some words, and never a secret or what came from elsewhere. */
function shown(value: unknown, path: Path, place: Place): string {
  const reference = place.origin(path)?.reference;
  if (reference !== undefined) return `the value of ${reference}${value === '' ? ', which is empty' : ''}`;
  const nodes = nodesAt(place.node, path);
  const secret = isSecretAt(place.node, path);
  const plain = nodes.some((node) => node.enum !== undefined || node.const !== undefined || ['integer', 'number', 'boolean'].includes(node.type ?? '') || node.format !== undefined);
  if (!secret && (plain || typeof value === 'number' || typeof value === 'boolean') && !isMap(value) && !Array.isArray(value)) return JSON.stringify(value);
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (value === '') return 'nothing between the quotes';
  return isMap(value) ? 'a map of keys' : typeof value === 'string' ? 'text' : `a ${typeof value}`;
}

/** Of the words that are allowed, the nearest. */
function meantWord(given: unknown, path: Path, place: Place): string | undefined {
  if (typeof given !== 'string' || given.length < 3 || place.origin(path)?.reference !== undefined || isSecretAt(place.node, path)) return undefined;
  const words = nodesAt(place.node, path).flatMap((node) => [...(node.enum ?? []), node.const]).filter((word) => typeof word === 'string');
  const meant = nearest(given, words);
  return meant === undefined ? undefined : `did you mean "${meant}"?`;
}

function hint(path: Path, place: Place): string | undefined {
  const pattern = nodesAt(place.node, path).find((node) => node.pattern !== undefined && node.format === undefined);
  return pattern?.description ?? (pattern === undefined ? undefined : `it must match ${pattern.pattern}`);
}

/** Variables cannot say whether a key has dashes or capitals: the schema does. */
function spellAsSchema(value: unknown, place: Place): unknown {
  if (!isMap(value)) return value;
  let copy: ConfigMap | undefined;
  const visit = (path: Path, map: ConfigMap): void => {
    for (const [key, next] of Object.entries(map)) {
      const here = [...path, key];
      if (isMap(next)) visit(here, next);
      const known = knownKeysAt(place.node, path);
      if (place.origin(here)?.kind !== 'environment' || known.includes(key)) continue;
      const meant = known.find((other) => plain(other) === plain(key));
      const target = valueAt(copy ??= structuredClone(value), path);
      if (meant === undefined || !isMap(target)) continue;
      place.rename(here, [...path, meant]);
      target[meant] = target[key];
      delete target[key];
    }
  };
  visit([], value);
  return copy ?? value;
}

function readTextAsYaml(value: unknown, issues: readonly Issue[], place: Place): unknown {
  let copy: unknown;
  for (const issue of issues) {
    if (issue.code !== 'invalid_type' && issue.code !== 'invalid_union') continue;
    const path = issue.path.map(String);
    const text = valueAt(value, path);
    const origin = place.origin(path);
    if (typeof text !== 'string' || (origin?.kind !== 'environment' && origin?.kind !== 'command-line' && origin?.reference === undefined)) continue;
    const read = parseOr(text);
    if (typeof read === 'string') continue;
    copy ??= structuredClone(value);
    const parent = valueAt(copy, path.slice(0, -1));
    if (path.length > 0 && typeof parent === 'object' && parent !== null) (parent as Record<string, unknown>)[path.at(-1)!] = read;
  }
  return copy ?? value;
}

function parseOr(text: string): unknown {
  try {
    return parse(text, { logLevel: 'silent' });
  } catch {
    return text;
  }
}

function secretsIn(value: unknown, place: Place): { readonly values: readonly string[]; readonly problems: readonly Problem[] } {
  const values: string[] = [];
  const problems: Problem[] = [];
  const visit = (path: Path, at: unknown): void => {
    if (isMap(at)) for (const [key, next] of Object.entries(at)) visit([...path, key], next);
    else if (Array.isArray(at)) at.forEach((next, index) => visit([...path, String(index)], next));
    else if (typeof at === 'string' && isSecretAt(place.node, path)) {
      values.push(at);
      const origin = place.origin(path);
      if (origin?.reference !== undefined || (origin?.kind !== 'file' && origin?.kind !== 'overlay')) return;
      const remedy = 'write { env: NAME } or { file: PATH } in its place';
      problems.push(origin.kind === 'overlay'
        ? place.problem('KRN_SECRET_LITERAL', path, 'a secret may not be kept in the settings as text', remedy)
        : place.problem('KRN_SECRET_LITERAL', path, 'a secret stands in the file as text', remedy, 'warning'));
    }
  };
  visit([], value);
  return { values, problems };
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}
