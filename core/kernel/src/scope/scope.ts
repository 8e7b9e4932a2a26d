/**
 * What one plugin can reach: a tsyringe child container of an empty root, holding as instances its config, log, lifecycle and exactly the dependencies it
 * declared. Nothing else can be resolved, because nothing else is there. The only importer of tsyringe's `container`; no code receives one.
 */
import 'reflect-metadata';
import { container } from 'tsyringe';
import type { DependencyContainer } from 'tsyringe';
import type { Lifecycle, Logger, SetupContext } from '../plugin/define-plugin.ts';

/** Nothing is ever registered here, and nowhere above: decorators that register globally are not used in this house. */
const root = container.createChildContainer();

export interface ScopeContents {
  readonly config: unknown;
  /** By the plugin's own names for them. */
  readonly deps: Readonly<Record<string, unknown>>;
  readonly log: Logger;
  readonly lifecycle: Lifecycle;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a definition's own types are erased in the graph
type AnyContext = SetupContext<any, any>;
const scopes = new WeakMap<object, DependencyContainer>();

/** The context handed to `setup`. */
export function openScope({ config, deps, log, lifecycle }: ScopeContents): AnyContext {
  const scope = root.createChildContainer();
  for (const [name, value] of Object.entries({ ...deps, config, log, lifecycle })) scope.register(name, { useValue: value });
  const context: AnyContext = Object.freeze({ config, deps: Object.freeze({ ...deps }), log, lifecycle });
  scopes.set(context, scope);
  return context;
}

/**
 * Makes a class from the scope of the plugin whose context this is; its constructor names what it wants by `@inject('config' | 'log' | 'lifecycle' | <name of a
 * dep>)`. For plugins with many classes; the others write `new`.
 * @throws TypeError for a context that the kernel did not make
 */
export function buildFrom<T>(context: object, type: new (...args: never[]) => T): T {
  const scope = scopes.get(context);
  if (scope === undefined) throw new TypeError('only the context given to setup has a scope');
  return scope.resolve(type as new (...args: unknown[]) => T);
}
