/**
 * The calendar-store contract as tests, one file a group. A back end keeps the contract when every case passes. The protocol may rely on nothing that has no
 * case here; where the contract could be read in two ways, the case says which one holds.
 */
import { describe } from 'vitest';
import { describeAccess } from './access-cases.ts';
import { describeAtomicity } from './atomicity-cases.ts';
import { describeBodies } from './body-cases.ts';
import { describeBounds } from './bounds-cases.ts';
import { describeChangeLog } from './change-log-cases.ts';
import { describeConcurrency } from './concurrency-cases.ts';
import { describeManyItems, describeReopen } from './durability-cases.ts';
import { describeExpectations } from './expectation-cases.ts';
import { describeHomeChanges } from './home-change-cases.ts';
import { describeItems } from './item-cases.ts';
import { describeLimits, describeStagedBodies } from './limit-cases.ts';
import { describeLocks } from './lock-cases.ts';
import { describeMoves } from './move-cases.ts';
import { describeProcesses } from './process-cases.ts';
import { describeTree } from './tree-cases.ts';
import { describeUids } from './uid-cases.ts';
import type { OpenStore } from './store-harness.ts';

export function describeCalendarStore(name: string, open: OpenStore): void {
  describe(`${name} keeps the calendar-store contract`, () => {
    describe('the tree', () => describeTree(open));
    describe('moves and hiding', () => describeMoves(open));
    describe('items', () => describeItems(open));
    describe('bodies', () => describeBodies(open));
    describe('ETags and what is expected', () => describeExpectations(open));
    describe('bounds', () => describeBounds(open));
    describe('the change log', () => describeChangeLog(open));
    describe('changes of a home', () => describeHomeChanges(open));
    describe('the UID rule', () => describeUids(open));
    describe('ACLs and personal rows', () => describeAccess(open));
    describe('locks', () => describeLocks(open));
    describe('limits', () => describeLimits(open));
    describe('staged bodies', () => describeStagedBodies(open));
    describe('atomicity', () => describeAtomicity(open));
    describe('many writers', () => describeConcurrency(open));
    describe('several processes', () => describeProcesses(open));
    describe('a fresh instance', () => describeReopen(open));
    describe('many items', () => describeManyItems(open));
  });
}
