/**
 * Whose code is running: the plugin instance on whose behalf a hook was called, carried along its promises. For logs about failures nobody caught.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

const current = new AsyncLocalStorage<string>();

export function runAs<T>(instance: string, run: () => T): T {
  return current.run(instance, run);
}

export function currentPlugin(): string | undefined {
  return current.getStore();
}
