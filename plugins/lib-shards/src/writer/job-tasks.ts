/** The write side of the job log: who may have which job until when. Each runs under the shard's lock, so a job is handed to one caller. */
import { atMost, integer, text, type Row } from '../database.ts';
import type { ShardWriter } from './shard-writer.ts';

export interface ClaimTask { readonly kinds: readonly string[]; readonly limit: number; readonly leaseMilliseconds: number; readonly holder: string; readonly now: number }
export interface ClaimedRow { readonly id: string; readonly kind: string; readonly payload: string; readonly attempt: number; readonly home: string }

export const dueJobs = `SELECT j.sequence, j.id, j.kind, j.payload, j.attempt, j.home, j.lane, j.collapse, j.change, h.id AS home_id FROM job j JOIN home h ON h.key = j.home
  WHERE j.due <= ? AND j.kind IN (SELECT value FROM json_each(?)) ORDER BY j.due ${atMost}`;
export const olderInLane = 'SELECT 1 FROM job WHERE home = ? AND lane = ? AND sequence < ? LIMIT 1';
export const nextInLane = 'SELECT id, kind, payload, due FROM job WHERE home = ? AND lane = ? AND sequence > ? ORDER BY sequence LIMIT 1';
export const leaseJob = 'UPDATE job SET due = ?, attempt = attempt + 1, holder = ? WHERE id = ?';
export const renewJob = 'UPDATE job SET due = ? WHERE id = ? AND holder = ? AND due > ?';
export const retryJob = 'UPDATE job SET due = ?, reason = ?, holder = NULL WHERE id = ?';
export const dropJob = 'DELETE FROM job WHERE id = ? RETURNING home, change';

/** The oldest of each lane only. Where the next of the lane is the same work, it alone is run. */
export function claim(shard: ShardWriter, { kinds, limit, leaseMilliseconds, holder, now }: ClaimTask): Promise<readonly ClaimedRow[]> {
  const collapsed: string[] = [];
  return shard.locked(() => {
    const { database } = shard;
    const claimed: ClaimedRow[] = [];
    // Those whose lane is not free count too: look further than `limit`.
    for (const row of database.statement(dueJobs).all(now, JSON.stringify(kinds), limit * 4 + 16)) {
      if (claimed.length >= limit) break;
      const [sequence, id, kind, payload, attempt, home, lane, collapse, , homeId] = row;
      if (lane !== null) {
        if (database.statement(olderInLane).get(home!, lane!, sequence!) !== undefined) continue;
        if (collapse === 1 && isSameWork(row, database.statement(nextInLane).get(home!, lane!, sequence!), now)) {
          collapsed.push(text(id));
          continue;
        }
      }
      database.statement(leaseJob).run(now + leaseMilliseconds, holder, text(id));
      claimed.push({ id: text(id), kind: text(kind), payload: text(payload), attempt: integer(attempt) + 1, home: text(homeId) });
    }
    return { commit: claimed.length > 0, value: claimed };
  }).then(async (claimed) => {
    for (const id of collapsed) await finish(shard, id);
    return collapsed.length > 0 && claimed.length < limit
      ? [...claimed, ...(await claim(shard, { kinds, limit: limit - claimed.length, leaseMilliseconds, holder, now }))]
      : claimed;
  });
}

function isSameWork(job: Row, next: Row | undefined, now: number): boolean {
  return next !== undefined && next[1] === job[2] && next[2] === job[3] && integer(next[3]) <= now;
}

export function renew(shard: ShardWriter, task: { readonly id: string; readonly leaseMilliseconds: number; readonly holder: string; readonly now: number }): Promise<boolean> {
  return shard.locked(() => {
    const { changes } = shard.database.statement(renewJob).run(task.now + task.leaseMilliseconds, task.id, task.holder, task.now);
    return { commit: changes > 0, value: changes > 0 };
  });
}

export function finish(shard: ShardWriter, id: string): Promise<void> {
  return shard.small((effects) => {
    const row = shard.database.statement(dropJob).get(id);
    if (row === undefined) return { home: undefined, value: undefined };
    effects.jobs.add(text(row[1]));
    return { home: integer(row[0]), value: undefined };
  });
}

export function retry(shard: ShardWriter, { id, due, reason }: { readonly id: string; readonly due: number; readonly reason: string }): Promise<void> {
  return shard.locked(() => {
    const { changes } = shard.database.statement(retryJob).run(due, reason, id);
    return { commit: changes > 0, value: undefined };
  });
}
