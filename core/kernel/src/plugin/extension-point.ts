/**
 * Extension points: names with a type. An entry of its own (`@kalends/kernel/extension-point`), because whoever takes one word from the contracts, a store's
 * writer thread for one, would load config, logs and schemas with it: 400 modules and 15 MB a thread. Imports nothing.
 */

/** How many providers a running server may have for one extension point. */
export type Arity = 'one' | 'optional' | 'many';

/**
 * A typed name for something a plugin may provide and another may require.
 * It carries no implementation and no default, so importing it couples nobody.
 */
export interface ExtensionPoint<T, A extends Arity = Arity> {
  readonly id: string; readonly arity: A;
  /** Type only: lets `T` be inferred; never present at run time. */
  readonly __type?: T;
}

/** What a plugin receives for a point it requires. */
export type Resolved<P> =
  P extends ExtensionPoint<infer T, infer A>
    ? A extends 'one' ? T : A extends 'optional' ? T | undefined : readonly T[]
    : never;

/** What a plugin hands over for a point it provides. */
export type Provided<P> = P extends ExtensionPoint<infer T, Arity> ? T : never;

export function extensionPoint<T>(id: string): ExtensionPoint<T, 'one'>;
export function extensionPoint<T, const A extends Arity>(id: string, arity: A): ExtensionPoint<T, A>;
export function extensionPoint<T>(id: string, arity: Arity = 'one'): ExtensionPoint<T> {
  return Object.freeze({ id, arity });
}
