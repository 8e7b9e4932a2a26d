export { checkLayers } from './check.ts';
export type { Violation } from './check.ts';
