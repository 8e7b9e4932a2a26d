export { AugmentStore, augment } from './augment.ts';
export type { Augment } from './augment.ts';
export { CachedSource } from './cached.ts';
export { ComposedDirectory } from './compose.ts';
export { default } from './plugin.ts';
