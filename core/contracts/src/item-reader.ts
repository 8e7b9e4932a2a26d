import { extensionPoint } from '@kalends/kernel/extension-point';
import type { ItemFacts } from './calendar-store.ts';
import type { ComponentKind } from './ids.ts';

/** How a store that keeps files reads them back (rebuild, verify) without knowing ICS: core/icalendar behind a narrow door. */
export interface ItemReader {
  read(body: Uint8Array): { readonly component: ComponentKind; readonly uid: string; readonly facts: ItemFacts } | { readonly problem: string };
}
export const itemReader = extensionPoint<ItemReader>('item-reader');
