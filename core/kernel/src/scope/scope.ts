/**
 * What one plugin can reach: a tsyringe child container of an empty root, holding as instances its config, log, lifecycle and exactly the dependencies it
 * declared. Nothing else can be resolved, because nothing else is there. The only importer of tsyringe's `container`; no code receives one.
 */
import 'reflect-metadata';
import { container } from 'tsyringe';
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

/**
 * The context handed to `setup`. Its `build` makes a class of the plugin from this scope, for plugins with many classes: constructor parameters name what they
 * want by `@inject('config' | 'log' | 'lifecycle' | <name of a dep>)`.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a definition's own types are erased in the graph
export function openScope({ config, deps, log, lifecycle }: ScopeContents): SetupContext<any, any> {
  const scope = root.createChildContainer();
  for (const [name, value] of Object.entries({ ...deps, config, log, lifecycle })) scope.register(name, { useValue: value });
  return Object.freeze({ config, deps: Object.freeze({ ...deps }), log, lifecycle, build: <T>(type: new (...args: never[]) => T): T => scope.resolve(type as new (...args: unknown[]) => T) });
}
