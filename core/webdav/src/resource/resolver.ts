/**
 * From a path to a resource: the templates of all kinds as one tree of segments, in which a literal goes before `{x}` and `{x}` before `{x*}`; then the kind's
 * own `resolve`. Asks nothing about rights.
 */
import type { DavResource, Identity, ItemSelect, PathMatch, ResourceKind } from '@kalends/contracts';
import { parsePath } from './url.ts';
import type { ParsedPath } from './url.ts';

interface Node {
  readonly literals: Map<string, Node>;
  single?: { readonly name: string; readonly node: Node };
  rest?: { readonly name: string; readonly end: End };
  end?: End;
}
interface End { readonly kind: ResourceKind; readonly template: string }

export class Resolver {
  readonly #root: Node = { literals: new Map() };

  /** @throws Error when two kinds claim one template, or one place of the tree has two names */
  constructor(kinds: Iterable<ResourceKind>) {
    for (const kind of kinds) for (const template of kind.paths) this.#add(kind, template);
  }

  /** Undefined where no kind knows the path. @throws DavError 400, 404, 414 */
  async resolve(path: string, select: ItemSelect, identity: Identity): Promise<DavResource | undefined> {
    const parsed = parsePath(path);
    const found = this.match(parsed);
    return found === undefined ? undefined : found.kind.resolve(found.match, select, identity);
  }

  match(parsed: ParsedPath): { readonly kind: ResourceKind; readonly match: PathMatch } | undefined {
    const values = new Map<string, readonly string[]>();
    const end = walk(this.#root, parsed.segments, 0, values);
    return end === undefined ? undefined : { kind: end.kind, match: { template: end.template, path: parsed.path, values } };
  }

  #add(kind: ResourceKind, template: string): void {
    let node = this.#root;
    const segments = template.split('/').filter((segment) => segment !== '');
    const claim = (owner: End | undefined): End => {
      if (owner !== undefined) throw new Error(`kinds ${owner.kind.kind} and ${kind.kind} both have the path ${template}`);
      return { kind, template };
    };
    for (const [at, segment] of segments.entries()) {
      const name = /^\{([a-z]+)(\*?)\}$/.exec(segment);
      if (name === null) {
        const next: Node = node.literals.get(segment) ?? { literals: new Map() };
        node.literals.set(segment, next);
        node = next;
      } else if (name[2] === '*') {
        if (at !== segments.length - 1) throw new Error(`path ${template} goes on after ${segment}`);
        node.rest = { name: name[1]!, end: claim(node.rest?.end) };
        return;
      } else {
        node.single ??= { name: name[1]!, node: { literals: new Map() } };
        if (node.single.name !== name[1]) throw new Error(`path ${template} calls {${name[1]}} what another calls {${node.single.name}}`);
        node = node.single.node;
      }
    }
    node.end = claim(node.end);
  }
}

function walk(node: Node, segments: readonly string[], at: number, values: Map<string, readonly string[]>): End | undefined {
  if (at === segments.length && node.end !== undefined) return node.end;
  if (at < segments.length) {
    const segment = segments[at]!;
    const literal = node.literals.get(segment);
    const found = literal === undefined ? undefined : walk(literal, segments, at + 1, values);
    if (found !== undefined) return found;
    if (node.single !== undefined) {
      values.set(node.single.name, [segment]);
      const below = walk(node.single.node, segments, at + 1, values);
      if (below !== undefined) return below;
      values.delete(node.single.name);
    }
  }
  if (node.rest === undefined) return undefined;
  values.set(node.rest.name, segments.slice(at));
  return node.rest.end;
}
