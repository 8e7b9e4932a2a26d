/** How many workers a master keeps. */
import { availableParallelism } from 'node:os';
import type { Config } from '../config-schema.ts';

export function workersOf({ process: { workers } }: Config): number {
  return workers === 'auto' ? availableParallelism() : workers;
}
