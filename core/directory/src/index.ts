/** The public entry: the plugin that makes one directory of every configured source, and the records that it lays over what they say. */
export { augment, augmentOperations, readAugment } from './augment.ts';
export type { Augment, AugmentKey } from './augment.ts';
export { serverOrigin } from './hosting.ts';
export { default } from './plugin.ts';
