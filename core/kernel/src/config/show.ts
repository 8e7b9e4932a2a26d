/**
 * A config for people to read: each value with its origin, secrets hidden. What `config show` prints and the admin API serves.
 */
import { formatPath, isMap } from './document.ts';
import type { ConfigDocument, Path } from './document.ts';
import { isSecretAt, knownKeysAt } from './schema-node.ts';
import type { SchemaNode } from './schema-node.ts';
import { HIDDEN, namesSecret } from './secret.ts';

export interface ShownValue {
  readonly path: string;
  /** JSON, a reference as it was written, or the mark of a hidden secret. */
  readonly value: string;
  /** `deploy.yaml:14`, `environment KALENDS_…`, `command line`. */
  readonly origin: string;
}

/**
 * @param top schema of the sections outside `plugins`
 * @param plugins instance name → schema of its `with`; what a plugin that cannot be loaded was given is hidden altogether
 */
export function showConfig(document: ConfigDocument, top: SchemaNode, plugins: ReadonlyMap<string, SchemaNode>): readonly ShownValue[] {
  const shown: ShownValue[] = [];
  const visit = (path: Path, value: unknown): void => {
    const origin = document.originOf(path);
    if (origin?.reference === undefined && isMap(value) && Object.keys(value).length > 0) {
      for (const [key, next] of Object.entries(value)) visit([...path, key], next);
      return;
    }
    const source = origin === undefined ? '' : origin.line === undefined ? origin.source : `${origin.source}:${origin.line}`;
    shown.push({ path: formatPath(path), value: origin?.reference ?? (mayShow(path, value, top, plugins) ? JSON.stringify(value) : HIDDEN), origin: source });
  };
  for (const [key, value] of Object.entries(document.value)) visit([key], value);
  return shown;
}

function mayShow(path: Path, value: unknown, top: SchemaNode, plugins: ReadonlyMap<string, SchemaNode>): boolean {
  if (path.some(namesSecret)) return false;
  if (path[0] !== 'plugins') return !hides(top, path, value);
  const [, name = '', part, ...rest] = path;
  if (part !== 'with') return true;
  const schema = plugins.get(name);
  return schema !== undefined && !hides(schema, rest, value);
}

/** A key the schema does not know may be a mistyped secret. */
function hides(schema: SchemaNode, path: Path, value: unknown): boolean {
  if (isSecretAt(schema, path)) return true;
  if (Array.isArray(value) && value.some((_, index) => isSecretAt(schema, [...path, String(index)]))) return true;
  const known = knownKeysAt(schema, path.slice(0, -1));
  return known.length > 0 && path.length > 0 && !known.includes(path.at(-1)!) && !/^\d+$/.test(path.at(-1)!);
}
