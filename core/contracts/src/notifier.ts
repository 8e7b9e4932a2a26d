import { extensionPoint } from '@kalends/kernel/extension-point';
import type { CollectionId, HomeId, Revision } from './ids.ts';

/** Told after a commit; must return at once. Losing a notice is allowed: clients poll. */
export interface Notifier {
  changed(notice: { readonly home: HomeId; readonly collection: CollectionId; readonly revision: Revision; readonly urgency: 'low' | 'high' }): void;
}
export const notifier = extensionPoint<Notifier, 'many'>('notifier', 'many');
