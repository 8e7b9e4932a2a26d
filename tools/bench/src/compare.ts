/**
 * `caldav-bench compare`: ours and a peer, started here, filled with the same objects and measured in turns, so that what else the machine does falls on both. What
 * counts is CPU a request and its ratio: rates on a shared machine are of the day.
 */
import { availableParallelism } from 'node:os';
import { FilledCalendar } from './filled-calendar.ts';
import { fileCreateMicroseconds } from './file-create-microseconds.ts';
import type { Plan } from './measure-one.ts';
import type { Figures, Tally } from './measure.ts';
import type { Operation } from './operations.ts';
import { startCyrus } from './peers/cyrus.ts';
import { startKalends } from './peers/kalends.ts';
import { startRadicale } from './peers/radicale.ts';
import type { Peer } from './peers/started-server.ts';
import { machineMilliseconds } from './server-usage.ts';

const PEERS: Readonly<Record<string, () => Promise<Peer>>> = { cyrus: startCyrus, radicale: startRadicale };
export const PEER_NAMES: readonly string[] = Object.keys(PEERS);

export interface Comparison {
  readonly peer: string; readonly sizes: readonly number[]; /** How often each is measured in turn. */ readonly turns: number;
  readonly plan: Omit<Plan, 'total'>; readonly config?: string | undefined; readonly json: boolean;
}
interface Row { readonly operation: Operation; readonly clients: number; readonly ours: Figures; readonly theirs: Figures }

/** @returns false when an answer of ours was wrong */
export async function compare({ peer, sizes, turns, plan, config, json }: Comparison): Promise<boolean> {
  const start = PEERS[peer];
  if (start === undefined) throw new Error(`no peer ${peer}: ${PEER_NAMES.join(', ')}`);
  await using ours = await startKalends({ config });
  await using theirs = await start();
  let right = true;
  for (const total of sizes) {
    await using left = await FilledCalendar.make(ours, { total, clients: Math.max(...plan.clients) });
    await using other = await FilledCalendar.make(theirs, { total, clients: Math.max(...plan.clients) });
    const began = { spent: machineMilliseconds(), at: performance.now(), own: process.cpuUsage() };
    const marks = [left, other].map(({ usage }) => ({ usage, mark: usage.mark() }));
    const rows: Row[] = [];
    for (const clients of plan.clients) {
      for (const operation of plan.operations) {
        const [mine, its] = await inTurns([left, other], operation, clients, plan, turns);
        rows.push({ operation, clients, ours: left.figures(mine!), theirs: other.figures(its!) });
      }
      for (const calendar of [left, other]) await calendar.settle();
    }
    const own = process.cpuUsage(began.own);
    const measured = marks.reduce((sum, { usage, mark }) => sum + usage.millisecondsSince(mark), (own.user + own.system) / 1000);
    const summary = {
      peer: theirs.version, objects: total, turns, seconds: plan.duration.seconds, cores: availableParallelism(),
      /** Cores that others took, on average. */ others: Math.max(0, (machineMilliseconds() - began.spent - measured) / (performance.now() - began.at)),
      memory: { kalends: left.usage.memoryMebibytes(), peer: other.usage.memoryMebibytes() }, filledPerSecond: { kalends: left.filledPerSecond, peer: other.filledPerSecond },
      fileCreateMicroseconds: fileCreateMicroseconds(),
    };
    console.log(json ? JSON.stringify({ ...summary, rows }, null, 1) : table(summary, peer, rows));
    right &&= rows.every(({ ours: { failures } }) => failures === 0);
  }
  return right;
}

async function inTurns(calendars: readonly FilledCalendar[], operation: Operation, clients: number, plan: Comparison['plan'], turns: number): Promise<readonly Tally[][]> {
  const tallies = calendars.map((): Tally[] => []);
  for (let turn = 0; turn < turns; turn++) {
    for (const [at, calendar] of calendars.entries()) {
      if (operation !== 'delete') await calendar.settle();
      // `delete` takes away what `put-new` made; after the first turn there is nothing left of it.
      if (operation === 'delete' && turn > 0) await calendar.measure('put-new', clients, plan.duration);
      tallies[at]!.push(await calendar.measure(operation, clients, plan.duration));
    }
  }
  return tallies;
}

interface Summary { readonly peer: string; readonly objects: number; readonly others: number; readonly memory: Pair; readonly filledPerSecond: Pair; readonly fileCreateMicroseconds: number }
interface Pair { readonly kalends: number; readonly peer: number }

function table({ peer, objects, others, memory, filledPerSecond, fileCreateMicroseconds: create }: Summary, name: string, rows: readonly Row[]): string {
  const cell = (figures: Figures): readonly string[] => {
    if (figures.requests === 0) return [`failed: ${(figures.firstFailure ?? '').slice(0, 60)}`, '', ''];
    return [`${(figures.cpu ?? 0).toFixed(3)}${figures.failures > 0 ? ' ≠' : ''}`, figures.perSecond.toFixed(0), figures.p50.toFixed(2)];
  };
  const lines = rows.map(({ operation, clients, ours, theirs }) => {
    const ratio = ours.requests > 0 && theirs.requests > 0 ? ((theirs.cpu ?? 0) / (ours.cpu ?? 1)).toFixed(1) : '—';
    return `| ${[operation, String(clients), ...interleave(cell(ours), cell(theirs)), ratio].join(' | ')} |`;
  });
  return [
    `\nN = ${String(objects)}, beside ${peer}; filled at ${filledPerSecond.kalends.toFixed(0)}/s and ${filledPerSecond.peer.toFixed(0)}/s; PSS ${memory.kalends.toFixed(0)} and ${memory.peer.toFixed(0)} MiB;`
      + ` others took ${others.toFixed(1)} cores; making a file costs ${create.toFixed(0)} µs`, '',
    `| operation | clients | CPU ms, kalends | CPU ms, ${name} | req/s, kalends | req/s, ${name} | p50 ms, kalends | p50 ms, ${name} | times less CPU |`, '|---|---:|---:|---:|---:|---:|---:|---:|---:|',
    ...lines,
  ].join('\n');
}

function interleave(one: readonly string[], other: readonly string[]): readonly string[] {
  return one.flatMap((text, at) => [text, other[at]!]);
}
