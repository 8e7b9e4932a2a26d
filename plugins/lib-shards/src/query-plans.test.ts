/** Every statement of a shard: no SCAN, no temporary B-tree, and the index that was meant. A planner that walks a log on each write costs more than all else. */
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import type { ItemSelect } from '@kalends/contracts';
import { itemPlan, shortSeconds } from './item-columns.ts';
import * as reads from './read-statements.ts';
import { shardSchema } from './schema.ts';
import * as state from './state-schema.ts';
import * as changes from './writer/change-state.ts';
import * as collections from './writer/apply-collections.ts';
import * as items from './writer/apply-items.ts';
import * as jobs from './writer/apply-jobs.ts';
import * as jobTasks from './writer/job-tasks.ts';
import * as recheck from './writer/recheck.ts';

const shard = new DatabaseSync(':memory:');
shard.exec(shardSchema);
const stateDatabase = new DatabaseSync(':memory:');
stateDatabase.exec(state.stateSchema);
afterAll(() => {
  shard.close();
  stateDatabase.close();
});

function planOf(sql: string, database = shard): string {
  return database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all().map(({ detail }) => String(detail)).join('; ');
}

const nothing: ItemSelect = {};
const all: ItemSelect = { meta: true, facts: true, body: true, acl: true };
const shapes = [nothing, { meta: true }, all];
const texts = (module: object): [string, string][] => Object.entries(module).filter((entry): entry is [string, string] => typeof entry[1] === 'string' && /^(SELECT|UPDATE|DELETE|INSERT)/.test(entry[1]));

/** Small tables that are read whole on purpose. */
const whole = new Set(['statistics']);

const built: [string, string][] = [
  ...[0, 1, 2, 4].map((places): [string, string] => [`locate ${places}`, reads.locate(places)]),
  ...shapes.flatMap((select, shape) => {
    const plan = itemPlan(select);
    const query = (name: string, where: string): [string, string][] => [[`${name} ${shape}`, reads.query(plan, where)], [`ids of ${name} ${shape}`, reads.queryIds(where)]];
    return [
      [`item ${shape}`, reads.item(plan)], [`items ${shape}`, reads.items(plan)], [`page ${shape}`, reads.page(plan)], [`itemsById ${shape}`, reads.itemsById(plan)],
      [`changedItems ${shape}`, reads.changedItems(plan)], [`changedHomeItems ${shape}`, reads.changedHomeItems(plan)],
      ...query('by range', reads.queryWhere(1, 1, { overlaps: { start: 0, end: 1 } }, shortSeconds).where),
      ...query('by range and component', reads.queryWhere(1, 1, { overlaps: { start: 0, end: 1 }, component: 'VEVENT' }, shortSeconds).where),
      ...query('by uid', reads.queryWhere(1, 1, { uid: 'u' }, shortSeconds).where),
      ...query('of all', reads.queryWhere(1, 1, {}, shortSeconds).where),
    ] as [string, string][];
  }),
];

describe('query plans', () => {
  it.each([...texts(reads), ...built, ...texts(changes), ...texts(collections), ...texts(items), ...texts(jobs), ...texts(jobTasks), ...texts(recheck)])('%s walks nothing and sorts nothing', (name, sql) => {
    const plan = planOf(sql);
    expect(plan).not.toContain('TEMP B-TREE');
    if (!whole.has(name)) expect(plan.replaceAll('SCAN json_each', '').replaceAll('SCAN CONSTANT ROW', '')).not.toContain('SCAN');
  });

  it.each(texts(state))('state: %s walks nothing and sorts nothing', (_, sql) => {
    expect(planOf(sql, stateDatabase)).not.toMatch(/SCAN|TEMP B-TREE/);
  });

  it.each([...texts(reads), ...built, ...texts(changes), ...texts(jobTasks), ...texts(state)])('%s is prepared once: no bare LIMIT', (_, sql) => {
    expect(sql).not.toContain('LIMIT ?');
  });

  it('answers name, ETag and component from one covering index', () => {
    expect(planOf(reads.page(itemPlan(nothing)))).toContain('USING COVERING INDEX item_name (collection=? AND name>?)');
    expect(planOf(reads.item(itemPlan(nothing)))).toContain('USING COVERING INDEX item_name (collection=? AND name=?)');
  });

  it('finds a range by both ends, long items apart', () => {
    const { where } = reads.queryWhere(1, 1, { overlaps: { start: 0, end: 1 } }, shortSeconds);
    const plan = planOf(reads.query(itemPlan({ facts: true }), where));
    expect(plan.match(/item_range \(collection=\? AND long=\? AND lo>\? AND lo<\?\)/g)).toHaveLength(1);
    expect(plan.match(/item_range \(collection=\? AND long=\? AND lo<\?\)/g)).toHaveLength(1);
  });

  it.each([
    ['locate', reads.locate(2), 'collection_path (home=? AND path=?)'], ['the change log', reads.changedItems(itemPlan(nothing)), 'item_revision (collection=? AND revision>? AND revision<?)'],
    ['tombstones', reads.goneItems, 'gone_revision (collection=? AND revision>? AND revision<?)'], ['the change log of a home', reads.changedHomeItems(itemPlan(nothing)), 'item_home_revision (home=? AND revision>? AND revision<?)'],
    ['the UID rule', reads.holder, 'item_uid (home=? AND uid=?)'], ['due jobs', jobTasks.dueJobs, 'job_due (due<?)'], ['the lane of a job', jobTasks.olderInLane, 'job_lane (home=? AND lane=? AND sequence<?)'],
    ['stale facts', reads.staleCover, 'item_stale (facts_version=? AND covered_end>? AND covered_end<?)'],
  ])('%s uses the index that was meant', (_, sql, index) => {
    expect(planOf(sql)).toContain(index);
  });
});
