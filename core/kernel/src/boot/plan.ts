/**
 * Steps 2 to 4 of the boot: import each enabled plugin, check its `with`, check the graph. Nothing is set up; every problem is collected.
 */
import { ConfigDocument } from '../config/document.ts';
import type { Path } from '../config/document.ts';
import { hasErrors } from '../config/problems.ts';
import type { Problem } from '../config/problems.ts';
import { nearest } from '../config/suggest.ts';
import { validate } from '../config/validate.ts';
import type { PluginDefinition } from '../plugin/define-plugin.ts';
import { resolveUse } from '../plugin/resolve-use.ts';
import type { Builtins } from '../plugin/resolve-use.ts';
import { orderGraph } from './graph.ts';
import type { GraphNode } from './graph.ts';

/** What an instance is made of: a module named by `use`, or a definition at hand. */
export interface InstanceSpec {
  readonly name: string;
  readonly use?: string | undefined;
  readonly definition?: PluginDefinition | undefined;
  readonly with?: unknown;
  readonly enabled?: boolean;
  /** Its failure leaves the rest running; for plugins that only provide to `many` points. */
  readonly optional?: boolean;
  /** Absolute: what `use` is resolved from. Default: the working directory. */
  readonly folder?: string;
  /** Where it stands in the document; for problems. */
  readonly path?: Path;
}

export type ProcessKind = 'single' | 'master' | 'worker';

export interface PlanOptions {
  readonly instances: readonly InstanceSpec[];
  readonly builtins?: Builtins;
  /** Decides by each plugin's `runsIn`; `single` runs everything. */
  readonly process?: ProcessKind;
  /** Where `with:` values were written. */
  readonly document?: ConfigDocument;
  /** `many` points whose providers may never be optional: what they add is needed for data to be right. */
  readonly indispensable?: readonly string[];
}

export interface PlannedPlugin extends GraphNode {
  readonly definition: PluginDefinition;
  /** Absent when it has errors. */
  readonly config: unknown;
  readonly optional: boolean;
  /** Where the instance stands in the document. */
  readonly path: Path;
}

/** An instance of the config that will not run. */
export interface AbsentPlugin {
  readonly name: string;
  readonly plugin: string;
  readonly state: 'disabled' | 'failed';
  /** Why, when it failed. */
  readonly detail?: string;
}

export interface Plan {
  /** In the order of set-up. */
  readonly order: readonly PlannedPlugin[];
  /** In the order of the config: the order of `many` points. */
  readonly listed: readonly PlannedPlugin[];
  readonly absent: readonly AbsentPlugin[];
  /** Errors first; without errors the plan can be set up. */
  readonly problems: readonly Problem[];
  readonly secrets: readonly string[];
  /** Where the settings of each plugin were written. */
  readonly document: ConfigDocument;
}

export async function planGraph(options: PlanOptions): Promise<Plan> {
  const { instances, builtins = new Map(), document = new ConfigDocument(), process: kind = 'single' } = options;
  const problems: Problem[] = [];
  const secrets: string[] = [];
  const listed: PlannedPlugin[] = [];
  const absent: AbsentPlugin[] = [];
  const broken: string[] = [];

  problems.push(...duplicates(instances, document));
  // One after another: start-up is no hot path, and the order of problems is the order of the file.
  for (const instance of instances) {
    if (instance.enabled === false) {
      absent.push({ name: instance.name, plugin: instance.definition?.name ?? instance.use ?? instance.name, state: 'disabled' });
      continue;
    }
    const loaded = instance.definition === undefined ? await load(instance, builtins, document) : { definition: instance.definition };
    if ('problem' in loaded) {
      broken.push(instance.name);
      if (instance.optional === true) absent.push({ name: instance.name, plugin: instance.use ?? instance.name, state: 'failed', detail: loaded.problem.message });
      problems.push(instance.optional === true ? { ...loaded.problem, severity: 'warning' } : loaded.problem);
      continue;
    }
    const { definition } = loaded;
    if (!runsHere(definition, kind)) continue;
    const checked = validate(definition.config, instance.with, document, [...pathOf(instance), 'with']);
    problems.push(...checked.problems);
    secrets.push(...checked.secrets);
    problems.push(...wronglyOptional(instance, definition, document, options.indispensable ?? []));
    const { name: plugin, provides, requires } = definition;
    listed.push({ name: instance.name, plugin, provides, requires, definition, config: checked.value, optional: instance.optional === true, path: pathOf(instance) });
  }

  problems.push(...repeated(listed, instances, document));
  let graph = orderGraph(listed, { broken });
  if (graph.problems.some(({ code }) => code === 'KRN_GRAPH_MISSING')) graph = orderGraph(listed, { broken, offers: await offersOf(builtins) });
  const all = [...problems, ...graph.problems];
  return { order: graph.order, listed, absent, problems: hasErrors(all) ? all.toSorted(bySeverity) : all, secrets, document };
}

async function load({ name, use, folder, ...instance }: InstanceSpec, builtins: Builtins, document: ConfigDocument): Promise<{ definition: PluginDefinition } | { problem: Problem }> {
  const path = pathOf({ name, ...instance });
  const place = (below: Path): Pick<Problem, 'file' | 'line' | 'path'> => {
    const origin = document.originOf(below);
    return { file: origin?.source ?? 'config', line: origin?.line, path: path.join('.') };
  };
  if (use === undefined) {
    const meant = nearest(name, [...builtins.keys()]);
    return { problem: { code: 'KRN_USE', severity: 'error', ...place(path), message: 'does not say which plugin it uses', remedy: `add use: ${meant ?? 'with a built-in name, an npm package or a path beginning with ./'}` } };
  }
  const found = await resolveUse(use, folder ?? globalThis.process.cwd(), builtins);
  if (found.ok) return { definition: found.definition };
  return { problem: { code: found.code, severity: 'error', ...place([...path, 'use']), message: found.message, remedy: found.remedy } };
}

function duplicates(instances: readonly InstanceSpec[], document: ConfigDocument): readonly Problem[] {
  const seen = new Set<string>();
  return instances.flatMap((instance): Problem[] => {
    if (!seen.has(instance.name)) {
      seen.add(instance.name);
      return [];
    }
    const origin = document.originOf(pathOf(instance));
    return [{ code: 'KRN_DUPLICATE', severity: 'error', file: origin?.source, line: origin?.line, path: pathOf(instance).join('.'), message: `two instances are named ${instance.name}`, remedy: 'give one of them another name' }];
  });
}

/** Each instance after the first, of plugins of which a process can run one. */
function repeated(listed: readonly PlannedPlugin[], instances: readonly InstanceSpec[], document: ConfigDocument): readonly Problem[] {
  return listed.flatMap(({ name, definition }, at): Problem[] => {
    const first = listed.findIndex((other) => other.definition.name === definition.name);
    const instance = instances.find((each) => each.name === name);
    if (definition.once === undefined || first === at || instance === undefined) return [];
    const origin = document.originOf(pathOf(instance));
    const { because, remedy } = definition.once;
    return [{ code: 'KRN_GRAPH_TWICE', severity: 'error', file: origin?.source ?? 'config', line: origin?.line, path: pathOf(instance).join('.'), message: `is a second instance of ${definition.name} beside ${listed[first]?.name ?? ''}: ${because}`, remedy }];
  });
}

function wronglyOptional(instance: InstanceSpec, definition: PluginDefinition, document: ConfigDocument, indispensable: readonly string[]): readonly Problem[] {
  if (instance.optional !== true) return [];
  const needed = Object.values(definition.provides).find(({ id, arity }) => arity !== 'many' || indispensable.includes(id));
  if (needed === undefined) return [];
  const path = [...pathOf(instance), 'optional'];
  const origin = document.originOf(path);
  return [{
    code: 'KRN_OPTIONAL', severity: 'error', file: origin?.source ?? 'config', line: origin?.line, path: path.join('.'),
    message: `cannot be optional: it provides "${needed.id}", and a server running without it would be wrong`, remedy: 'remove optional: true, or switch the instance off with enabled: false',
  }];
}

function runsHere({ runsIn = 'worker' }: PluginDefinition, kind: ProcessKind): boolean {
  return kind === 'single' || runsIn === 'both' || runsIn === kind;
}

/** Imports every built-in to learn what it would provide. Only done when a boot has failed anyway. */
async function offersOf(builtins: Builtins): Promise<ReadonlyMap<string, readonly string[]>> {
  const offers = new Map<string, string[]>();
  for (const name of builtins.keys()) {
    const found = await resolveUse(name, globalThis.process.cwd(), builtins);
    if (!found.ok) continue;
    for (const id of new Set(Object.values(found.definition.provides).map((point) => point.id))) offers.set(id, [...(offers.get(id) ?? []), name]);
  }
  return offers;
}

function pathOf({ path, name }: Pick<InstanceSpec, 'path' | 'name'>): Path {
  return path ?? ['plugins', name];
}

function bySeverity(a: Problem, b: Problem): number {
  return Number(a.severity === 'warning') - Number(b.severity === 'warning');
}
