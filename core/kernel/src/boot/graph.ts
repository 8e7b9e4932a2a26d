/**
 * Step 4 of the boot, pure: provides × requires → the order in which plugins are set up, or every problem of the graph at once.
 * Points are told apart by id, never by identity: a module may be loaded twice in one process.
 */
import type { Problem } from '../config/problems.ts';
import type { Arity, ExtensionPoint } from '../plugin/extension-point.ts';

type Points = Readonly<Record<string, ExtensionPoint<unknown>>>;

/** One instance, as far as the graph cares. */
export interface GraphNode {
  readonly name: string;
  readonly plugin: string;
  readonly provides: Points;
  readonly requires: Points;
}

export interface GraphOptions {
  /** What could be enabled to provide a point, for the remedy of a missing one: short names by point id. */
  readonly offers?: ReadonlyMap<string, readonly string[]>;
  /** Instances that could not be loaded: they may be the missing providers. */
  readonly broken?: readonly string[];
}

/** @returns the nodes in an order in which providers come before those who require them; ties keep the order given */
export function orderGraph<N extends GraphNode>(nodes: readonly N[], options: GraphOptions = {}): { readonly order: readonly N[]; readonly problems: readonly Problem[] } {
  const providers = providersByPoint(nodes);
  const problems = [...tooMany(nodes, providers), ...missing(nodes, providers, options)];
  const order: N[] = [];
  const state = new Map<N, 'open' | 'done'>();
  const trail: { readonly node: N; readonly point: string }[] = [];

  const visit = (node: N): void => {
    if (state.get(node) === 'done') return;
    if (state.get(node) === 'open') {
      problems.push(cycleProblem(trail.slice(trail.findIndex((step) => step.node === node)), node));
      return;
    }
    state.set(node, 'open');
    for (const id of new Set(Object.values(node.requires).map((point) => point.id))) {
      for (const provider of providers.get(id) ?? []) {
        trail.push({ node, point: id });
        visit(provider);
        trail.pop();
      }
    }
    state.set(node, 'done');
    order.push(node);
  };
  nodes.forEach(visit);
  return { order, problems };
}

/** Point id → its providers in the order given, each once for each value it provides there. */
export function providersByPoint<N extends GraphNode>(nodes: readonly N[]): ReadonlyMap<string, readonly N[]> {
  const found = new Map<string, N[]>();
  for (const node of nodes) {
    for (const { id } of Object.values(node.provides)) {
      const list = found.get(id);
      if (list === undefined) found.set(id, [node]);
      else list.push(node);
    }
  }
  return found;
}

function tooMany<N extends GraphNode>(nodes: readonly N[], providers: ReadonlyMap<string, readonly N[]>): readonly Problem[] {
  const arities = new Map<string, Arity>();
  for (const node of nodes) for (const point of [...Object.values(node.provides), ...Object.values(node.requires)]) arities.set(point.id, point.arity);
  return [...providers].filter(([id, list]) => arities.get(id) !== 'many' && list.length > 1).map(([id, list]): Problem => ({
    code: 'KRN_GRAPH_TWICE', severity: 'error', path: '',
    message: `extension point "${id}" takes one provider and has ${list.length}: ${names(list)}`,
    remedy: 'keep one of them and give the others enabled: false',
  }));
}

function missing<N extends GraphNode>(nodes: readonly N[], providers: ReadonlyMap<string, readonly N[]>, { offers, broken = [] }: GraphOptions): readonly Problem[] {
  const wanted = new Map<string, N[]>();
  for (const node of nodes) {
    for (const { id, arity } of Object.values(node.requires)) {
      if (arity !== 'one' || providers.has(id)) continue;
      wanted.set(id, [...(wanted.get(id) ?? []), node]);
    }
  }
  return [...wanted].map(([id, by]): Problem => {
    const offered = offers?.get(id) ?? [];
    const remedies = [
      ...(offered.length > 0 ? [`enable one of: ${offered.join(', ')}`] : broken.length > 0 ? [] : [`enable a plugin that provides ${id}`]),
      ...(broken.length > 0 ? [`repair ${broken.join(', ')}, which could not be loaded`] : []),
    ];
    return { code: 'KRN_GRAPH_MISSING', severity: 'error', path: '', message: `extension point "${id}" is required by ${names(by)}, and nobody provides it`, remedy: remedies.join(', or ') };
  });
}

function cycleProblem(steps: readonly { readonly node: GraphNode; readonly point: string }[], back: GraphNode): Problem {
  const told = steps.map(({ node, point }) => `${node.name} requires "${point}" of`).join(' ');
  return {
    code: 'KRN_GRAPH_CYCLE', severity: 'error', path: '',
    message: `plugins wait for each other: ${told} ${back.name}`,
    remedy: 'one of these packages must export two plugins, one for each side of the other',
  };
}

function names(nodes: readonly GraphNode[]): string {
  return [...new Set(nodes.map(({ name, plugin }) => (name === plugin ? name : `${name} (${plugin})`)))].join(', ');
}
