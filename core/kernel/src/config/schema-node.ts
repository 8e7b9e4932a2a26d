/**
 * Asks a plugin's schema, as JSON Schema, three things the validator does not tell: what is expected at a path, in words; which keys are known there;
 * and whether a value there is a secret.
 */
import { z } from 'zod';
import type { Path } from './document.ts';

/** The little of JSON Schema 2020-12 that zod writes. */
export interface SchemaNode {
  readonly type?: string; readonly format?: string; readonly pattern?: string; readonly writeOnly?: boolean; readonly description?: string;
  readonly minimum?: number; readonly maximum?: number; readonly exclusiveMinimum?: number; readonly exclusiveMaximum?: number;
  readonly minLength?: number; readonly minItems?: number; readonly maxItems?: number;
  readonly const?: unknown; readonly enum?: readonly unknown[]; readonly default?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>; readonly additionalProperties?: SchemaNode | boolean; readonly required?: readonly string[];
  readonly items?: SchemaNode | boolean; readonly prefixItems?: readonly SchemaNode[];
  readonly anyOf?: readonly SchemaNode[]; readonly oneOf?: readonly SchemaNode[]; readonly allOf?: readonly SchemaNode[];
  readonly $ref?: string; readonly $defs?: Readonly<Record<string, SchemaNode>>;
}

/** The schema of what an admin writes. A schema that cannot be told as JSON Schema is told as "anything". */
export function schemaOf(schema: z.ZodType): SchemaNode {
  try {
    return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as SchemaNode;
  } catch {
    return {};
  }
}

/** Every branch that may describe the value at `path`; empty when the schema knows no such path. */
export function nodesAt(root: SchemaNode, path: Path): readonly SchemaNode[] {
  let nodes = branches(root, root);
  for (const key of path) nodes = nodes.flatMap((node) => below(node, key)).flatMap((node) => branches(node, root));
  return nodes;
}

export function isSecretAt(root: SchemaNode, path: Path): boolean {
  return nodesAt(root, path).some((node) => node.writeOnly === true);
}

export function knownKeysAt(root: SchemaNode, path: Path): readonly string[] {
  return [...new Set(nodesAt(root, path).flatMap((node) => Object.keys(node.properties ?? {})))];
}

/** `a number from 1 to 200`, `"a" or "b"`, `a list`; undefined when the schema says nothing. */
export function expectedAt(root: SchemaNode, path: Path): string | undefined {
  const said = [...new Set(nodesAt(root, path).map(inWords).filter((words) => words !== undefined))];
  return said.length === 0 ? undefined : said.join(' or ');
}

function branches(node: SchemaNode, root: SchemaNode): readonly SchemaNode[] {
  if (node.$ref !== undefined) {
    const target = node.$ref === '#' ? root : root.$defs?.[node.$ref.replace('#/$defs/', '')];
    return target === undefined || target === node ? [] : branches(target, root);
  }
  const nested = [...(node.anyOf ?? []), ...(node.oneOf ?? []), ...(node.allOf ?? [])];
  return nested.length === 0 ? [node] : nested.flatMap((branch) => branches(branch, root));
}

function below(node: SchemaNode, key: string): readonly SchemaNode[] {
  const named = node.properties !== undefined && Object.hasOwn(node.properties, key) ? node.properties[key] : undefined;
  if (named !== undefined) return [named];
  if (/^\d+$/.test(key)) {
    const item = node.prefixItems?.[Number(key)] ?? node.items;
    if (typeof item === 'object') return [item];
  }
  return typeof node.additionalProperties === 'object' ? [node.additionalProperties] : [];
}

function inWords(node: SchemaNode): string | undefined {
  if (node.const !== undefined) return JSON.stringify(node.const);
  if (node.enum !== undefined) return oneOf(node.enum.map((value) => JSON.stringify(value)));
  if (node.writeOnly === true) return 'a secret';
  switch (node.type) {
    case 'integer': return `a whole number${bounds(node)}`;
    case 'number': return `a number${bounds(node)}`;
    case 'boolean': return 'true or false';
    case 'array': return (node.minItems ?? 0) > 0 ? `a list of at least ${node.minItems}` : 'a list';
    case 'object': return 'a map of keys';
    case 'null': return 'nothing';
    case 'string': return FORMATS[node.format ?? ''] ?? ((node.minLength ?? 0) > 0 ? 'text that is not empty' : 'text');
    default: return undefined;
  }
}

const FORMATS: Readonly<Record<string, string>> = { uri: 'a URL', email: 'an e-mail address', ipv4: 'an IPv4 address', ipv6: 'an IPv6 address', hostname: 'a host name' };

/** zod writes the safe integers as bounds where none were asked for. */
function bounds({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: SchemaNode): string {
  const low = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const high = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (low !== undefined && high !== undefined) return ` from ${low} to ${high}`;
  if (low !== undefined) return ` of at least ${low}`;
  if (high !== undefined) return ` of at most ${high}`;
  if (exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum}`;
  return exclusiveMaximum === undefined ? '' : ` below ${exclusiveMaximum}`;
}

function oneOf(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
