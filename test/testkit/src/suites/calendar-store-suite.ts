/**
 * The calendar-store contract as tests, one file a group. A back end keeps the contract when every case passes. The protocol may rely on nothing that has no
 * case here; where the contract could be read in two ways, the case says which one holds.
 */
import { describe } from 'vitest';
import { describeItems } from './item-cases.ts';
import { describeTree } from './tree-cases.ts';
import type { OpenStore } from './store-harness.ts';

export function describeCalendarStore(name: string, open: OpenStore): void {
  describe(`${name} keeps the calendar-store contract`, () => {
    describe('the tree', () => describeTree(open));
    describe('items', () => describeItems(open));
  });
}
