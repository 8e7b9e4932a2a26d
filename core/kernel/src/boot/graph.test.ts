import { describe, expect, it } from 'vitest';
import { extensionPoint } from '../plugin/extension-point.ts';
import { orderGraph } from './graph.ts';
import type { GraphNode } from './graph.ts';

const store = extensionPoint<string>('store');
const cache = extensionPoint<string>('cache');
const policy = extensionPoint<string, 'optional'>('policy', 'optional');
const steps = extensionPoint<string, 'many'>('steps', 'many');

function node(name: string, provides: GraphNode['provides'] = {}, requires: GraphNode['requires'] = {}): GraphNode {
  return { name, plugin: `@test/${name}`, provides, requires };
}

const names = (nodes: readonly GraphNode[]): readonly string[] => nodes.map(({ name }) => name);

describe('orderGraph', () => {
  it('puts providers before those who require them and keeps the order given otherwise', () => {
    const nodes = [node('web', {}, { store, steps }), node('late', { s: steps }), node('db', { store }, { cache }), node('early', { s: steps }, { store }), node('keyv', { cache })];
    const { order, problems } = orderGraph(nodes);
    expect(problems).toEqual([]);
    expect(names(order)).toEqual(['keyv', 'db', 'late', 'early', 'web']);
  });

  it('reports every missing provider, with who wants it and what to enable', () => {
    const { problems } = orderGraph([node('a', {}, { store }), node('b', {}, { store, cache, policy, steps })], { offers: new Map([['store', ['flat-file', 'sql']]]), broken: ['redis'] });
    expect(problems.map(({ code, message, remedy }) => [code, message, remedy])).toEqual([
      ['KRN_GRAPH_MISSING', 'extension point "store" is required by a (@test/a), b (@test/b), and nobody provides it', 'enable one of: flat-file, sql, or repair redis, which could not be loaded'],
      ['KRN_GRAPH_MISSING', 'extension point "cache" is required by b (@test/b), and nobody provides it', 'repair redis, which could not be loaded'],
    ]);
  });

  it('refuses two providers of a point for one, and takes any number for many', () => {
    const { problems } = orderGraph([node('a', { store, s: steps }), node('b', { store, s: steps, p: policy }), node('c', { p: policy })]);
    expect(problems.map(({ code, message }) => [code, message])).toEqual([
      ['KRN_GRAPH_TWICE', 'extension point "store" takes one provider and has 2: a (@test/a), b (@test/b)'],
      ['KRN_GRAPH_TWICE', 'extension point "policy" takes one provider and has 2: b (@test/b), c (@test/c)'],
    ]);
  });

  it('tells a cycle by its members and the points between them', () => {
    const { problems } = orderGraph([node('a', { store }, { cache }), node('b', { cache }, { steps }), node('c', { s: steps }, { store })]);
    expect(problems).toMatchObject([{ code: 'KRN_GRAPH_CYCLE', message: 'plugins wait for each other: a requires "cache" of b requires "steps" of c requires "store" of a' }]);
  });

  it('sees that a plugin cannot wait for itself', () => {
    expect(orderGraph([node('a', { s: steps }, { steps })]).problems).toMatchObject([{ code: 'KRN_GRAPH_CYCLE', message: 'plugins wait for each other: a requires "steps" of a' }]);
  });

  it('knows points by id, since a module may be loaded twice', () => {
    const { order, problems } = orderGraph([node('a', {}, { store: extensionPoint<string>('store') }), node('b', { store })]);
    expect(problems).toEqual([]);
    expect(names(order)).toEqual(['b', 'a']);
  });
});
