import { extensionPoint } from '@kalends/kernel/extension-point';

/** Keyv behind a narrow door. Keys hold a revision or a content hash, so entries go stale by never being asked for again. */
export interface Cache { get<T>(key: string): Promise<T | undefined>; set<T>(key: string, value: T, ttlMilliseconds: number): Promise<void> }
export const cache = extensionPoint<Cache>('cache');
