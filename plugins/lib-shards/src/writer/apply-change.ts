/** One change inside the group's transaction: recheck, operations in order, sums. The caller has made a savepoint and rolls back to it when this throws. */
import type { Change } from '../change/change.ts';
import type { Database } from '../database.ts';
import type { Prepared } from '../writer-files.ts';
import * as collections from './apply-collections.ts';
import * as items from './apply-items.ts';
import * as jobs from './apply-jobs.ts';
import { ChangeState, Conflict } from './change-state.ts';
import { recheck } from './recheck.ts';

export interface Applied { readonly revision: number; readonly state: ChangeState }
export interface TombstoneRule { readonly days: number; readonly perHome: number }

/** @throws Conflict when the change must be sent back */
export function applyChange(database: Database, change: Change, prepared: Prepared, tombstones: TombstoneRule): Applied {
  const state = start(database, change);
  const { operations } = change;
  let jobsOf: string | undefined;
  for (const [index, operation] of operations.entries()) {
    switch (operation.op) {
      case 'create-home': break;
      case 'put': items.put(state, operation, prepared, index); break;
      case 'remove': items.remove(state, operation); break;
      case 'move': items.move(state, operation); break;
      case 'copy': items.copy(state, operation); break;
      case 'facts': items.facts(state, operation); break;
      case 'dead': items.dead(state, operation); break;
      case 'acl': items.acl(state, operation); break;
      case 'personal': items.personal(state, operation); break;
      case 'attach': items.attach(state, operation); break;
      case 'detach': items.detach(state, operation); break;
      case 'quarantine': items.quarantine(state, operation); break;
      case 'release': items.release(state, operation, prepared, index); break;
      case 'new-epoch': collections.newEpoch(state, operation, index); break;
      case 'name-owner': collections.nameOwner(state, operation, index); break;
      case 'create-collection': collections.create(state, operation, index); break;
      case 'update-collection': collections.update(state, operation, index); break;
      case 'move-collection': collections.move(state, operation, index); break;
      case 'hide-collection': collections.hide(state, operation); break;
      case 'remove-collection': collections.remove(state, operation); break;
      case 'lock': jobs.lock(state, operation); break;
      case 'unlock': jobs.unlock(state, operation); break;
      case 'enqueue': jobs.enqueue(state, operation, jobsOf ??= operation.id); break;
      case 'finish': jobs.finish(state, operation); break;
    }
  }
  return { revision: state.finish(change.limits, tombstones), state };
}

function start(database: Database, change: Change): ChangeState {
  const [first] = change.operations;
  const there = ChangeState.load(database, change.home, change.now);
  if (first?.op === 'create-home') {
    if (there !== undefined) throw new Conflict('somebody else made the home');
    return collections.createHome(database, first, change.now);
  }
  if (there === undefined) throw new Conflict('the home is gone');
  recheck(database, there, change.reads);
  return there;
}
