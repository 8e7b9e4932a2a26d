/** The public entry. */
export { default as schedulingPlugin } from './plugin.ts';
export * from './preconditions.ts';
