/**
 * `caldav-bench directory`: what a search costs beside the directory's own time, in one process over connections of the same kind, a few of each in turns so that
 * what else the machine does falls on all. What is found is counted each time.
 */
import { fileURLToPath } from 'node:url';
import { startKalends } from '../peers/kalends.ts';
import type { Peer } from '../peers/started-server.ts';
import { ServerUsage } from '../server-usage.ts';
import { startLdap } from '../services.ts';
import type { Ldap } from '../services.ts';
import { QUESTIONS } from './questions.ts';
import type { Asked } from './questions.ts';
import { openHttp, openRaw, openSource } from './ways.ts';
import type { Reached, Way } from './ways.ts';

export interface DirectoryPlan {
  /** Undefined: OpenLDAP is started here, with so many people. */ readonly reached: Reached | undefined; readonly people: number;
  /** Each way is asked so many times in a row, and so many rounds are made. */ readonly inARow: number; readonly rounds: number;
  readonly json: boolean;
}
interface Cost { readonly way: string; /** Milliseconds, the median. */ readonly time: number; /** CPU milliseconds of the asking side, the median of the rounds. */ readonly cpu: number; /** Of the directory server; undefined: not known. */ readonly directory: number | undefined }
interface Row { readonly question: string; readonly hits: number; readonly costs: readonly Cost[] }
interface Measured { readonly name: string; readonly ask: Way; /** CPU of the asking side so far. */ readonly spent: () => number }

const CONFIG = fileURLToPath(new URL('../../../../config/examples/open-directory.yaml', import.meta.url));
/** Rounds before those that count. */
const WARM = 5;

/** @returns false when an answer was wrong */
export async function measureDirectory(plan: DirectoryPlan): Promise<boolean> {
  await using started = plan.reached === undefined ? await startLdap(plan.people) : undefined;
  const reached = plan.reached ?? started!;
  await using server = started === undefined ? undefined : await startKalends({ config: CONFIG, env: started.env, account: { user: 'alice', password: 'alicepw' } });
  const [raw, source, http] = [await openRaw(reached), await openSource(reached), server === undefined ? undefined : openHttp(server)];
  try {
    const ways: readonly Measured[] = [
      { name: 'raw', ask: raw.together, spent: ownMilliseconds }, { name: 'raw, each kind', ask: raw.forEachKind, spent: ownMilliseconds }, { name: 'kalends', ask: source.search, spent: ownMilliseconds },
      ...(http === undefined ? [] : [{ name: 'over HTTP', ask: http.search, spent: spentBy(server!) }]),
    ];
    const directory = started === undefined ? undefined : spentBy(started);
    const rows: Row[] = [];
    for (const question of QUESTIONS) rows.push({ question: question.name, hits: question.hits, costs: await inTurns(question, ways, plan, directory) });
    console.log(plan.json ? JSON.stringify({ people: plan.people, rows }, null, 1) : table(rows, plan, started !== undefined));
    return true;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return false;
  } finally {
    http?.close();
    await source.close();
    await raw.close();
  }
}

async function inTurns(asked: Asked, ways: readonly Measured[], { inARow, rounds }: DirectoryPlan, directory: (() => number) | undefined): Promise<readonly Cost[]> {
  const tallies = ways.map(() => ({ times: [] as number[], cpu: [] as number[], directory: [] as number[] }));
  for (let round = -WARM; round < rounds; round++) {
    for (const [at, { name, ask, spent }] of ways.entries()) {
      const tally = tallies[at]!;
      // The figures of other processes cost this one some CPU time: outside of what is counted.
      const [directoryBefore, before] = [directory?.() ?? 0, spent()];
      for (let count = 0; count < inARow; count++) {
        const began = performance.now();
        const found = await ask(asked);
        if (round >= 0) tally.times.push(performance.now() - began);
        if (found !== asked.hits) throw new Error(`${name}: "${asked.name}" found ${String(found)} instead of ${String(asked.hits)}`);
      }
      const cpu = spent() - before;
      if (round < 0) continue;
      tally.cpu.push(cpu / inARow);
      tally.directory.push(((directory?.() ?? 0) - directoryBefore) / inARow);
    }
  }
  return ways.map(({ name }, at) => {
    const { times, cpu, directory: spent } = tallies[at]!;
    return { way: name, time: median(times), cpu: median(cpu), directory: directory === undefined ? undefined : median(spent) };
  });
}

function median(figures: number[]): number {
  return figures.sort((a, b) => a - b)[figures.length >> 1] ?? 0;
}

function ownMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function spentBy(server: Peer | Ldap): () => number {
  const usage = new ServerUsage('pids' in server ? server.pids : [server.pid]);
  const began = usage.mark();
  return () => usage.millisecondsSince(began);
}

function table(rows: readonly Row[], { people, inARow, rounds }: DirectoryPlan, isOurs: boolean): string {
  const ways = rows[0]?.costs.map(({ way }) => way) ?? [];
  const lines = rows.map(({ question, hits, costs }) => {
    const [one, each, ours] = costs.map(({ time }) => time) as [number, number, number];
    const cells = costs.map(({ time, cpu, directory }) => `${time.toFixed(2)} (${cpu.toFixed(2)}${directory === undefined ? '' : ` + ${directory.toFixed(2)}`})`);
    return `| ${[question, String(hits), ...cells, (ours / one).toFixed(2), (ours / each).toFixed(2)].join(' | ')} |`;
  });
  return [
    `\n${isOurs ? `OpenLDAP with ${people.toLocaleString('en')} people; ` : ''}${String(inARow * rounds)} of each, ${String(inARow)} at a time in turns. Medians in milliseconds: time (CPU of the asking side${isOurs ? ' + of the directory' : ''}):`, '',
    `| question | found | ${ways.join(' | ')} | kalends / raw | / raw, each kind |`, `|---|${'---:|'.repeat(ways.length + 3)}`, ...lines,
  ].join('\n');
}
