export { AugmentStore, augment } from './augment.ts';
export type { Augment } from './augment.ts';
export { CachedSource } from './cached.ts';
export { ComposedDirectory } from './compose.ts';
export { DirectoryUnavailable } from './unavailable.ts';
export { default as directoryPlugin } from './plugin.ts';
