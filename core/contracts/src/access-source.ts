import { extensionPoint } from '@kalends/kernel/extension-point';
import type { Ace, Collection, Home } from './calendar-store.ts';

/** Grants (never denials) that are neither protected nor stored: shares, rights of a group's members. Cached until `home.grantsRevision` or the directory's stamp changes. */
export interface AccessSource { readonly name: string; grants(home: Home, collection: Collection): Promise<readonly Ace[]> }
export const accessSource = extensionPoint<AccessSource, 'many'>('access-source', 'many');
