/** The statements that the file side adds to those of the shards: no SCAN, no temporary B-tree. */
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, it } from 'vitest';
import { shardSchema } from '@kalends/lib-shards';
import * as adopt from './writer/adopt-home.ts';
import * as checkpoint from './writer/checkpoint.ts';
import * as exporting from './maintenance/export-home.ts';
import * as flatFiles from './writer/flat-files.ts';
import * as look from './writer/look-home.ts';
import * as meta from './writer/meta-file.ts';
import * as paths from './writer/home-paths.ts';
import * as pending from './writer/pending.ts';
import * as record from './writer/record-change.ts';
import * as recover from './writer/recover.ts';
import * as remove from './writer/remove-home.ts';
import * as sidecar from './writer/sidecar.ts';
import * as tasks from './writer/tasks.ts';
import * as tree from './writer/settle-tree.ts';

const shard = new DatabaseSync(':memory:');
shard.exec(shardSchema);
afterAll(() => { shard.close(); });

const modules = [adopt, checkpoint, exporting, flatFiles, look, meta, paths, pending, record, recover, remove, sidecar, tasks, tree];
const texts = modules.flatMap((module) => Object.entries(module as Record<string, unknown>)).filter((entry): entry is [string, string] => typeof entry[1] === 'string' && /^(SELECT|UPDATE|DELETE|INSERT)/.test(entry[1]));

/** In order of its key, from the first row. */
const first = new Set(['firstNumber']);

it.each(texts)('%s walks nothing and sorts nothing', (name, sql) => {
  const plan = shard.prepare(`EXPLAIN QUERY PLAN ${sql}`).all().map(({ detail }) => String(detail)).join('; ');
  expect(plan).not.toContain('TEMP B-TREE');
  if (!first.has(name)) expect(plan.replaceAll('SCAN CONSTANT ROW', '')).not.toContain('SCAN');
});
