/**
 * `caldav-bench`: the same operations against any CalDAV server. Loopback targets only. See `--help`, and docs/benchmarks.md for the method.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client } from './client.ts';
import { sample } from './data-set.ts';
import { measure } from './measure.ts';
import type { Figures } from './measure.ts';
import { OPERATIONS, Scenario } from './operations.ts';
import type { Operation } from './operations.ts';
import { makeCalendar } from './requests.ts';
import { ServerUsage } from './server-usage.ts';

const HELP = `caldav-bench --url CALENDAR-HOME [options]
  --url URL          calendar home on this machine; a calendar is made below it and deleted in the end
  --user, --password (bench)      --auth basic|digest|none (basic)
  --n 1000           objects in the calendar       --clients 1,8      connections, one run each
  --ops a,b          of: ${OPERATIONS.join(', ')}
  --seconds 3        per operation and client count  --pids 12,34     the server's processes: their CPU per request is printed
  --json             figures as JSON                 --keep           leave the calendar there`;

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      url: { type: 'string' }, user: { type: 'string', default: 'bench' }, password: { type: 'string', default: 'bench' }, auth: { type: 'string', default: 'basic' },
      n: { type: 'string', default: '1000' }, clients: { type: 'string', default: '1,8' }, ops: { type: 'string', default: OPERATIONS.join(',') },
      seconds: { type: 'string', default: '3' }, pids: { type: 'string', default: '' }, json: { type: 'boolean', default: false }, keep: { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
    },
  });
  if (values.help || values.url === undefined) {
    console.log(HELP);
    return values.help ? 0 : 2;
  }
  const base = new URL(values.url);
  if (!/^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(base.hostname)) {
    console.error('caldav-bench: loopback targets only; a benchmark is load');
    return 2;
  }
  const unknown = values.ops.split(',').filter((name) => !OPERATIONS.includes(name as Operation));
  if (unknown.length > 0 || !['basic', 'digest', 'none'].includes(values.auth)) {
    console.error(`caldav-bench: unknown ${unknown.length > 0 ? `operation ${unknown.join(', ')}` : `--auth ${values.auth}`}`);
    return 2;
  }
  const usage = new ServerUsage(values.pids.split(',').filter((pid) => pid !== '').map(Number));
  const counts = values.clients.split(',').map(Number);
  const clients = Array.from({ length: Math.max(4, ...counts) }, () => new Client(base, { user: values.user, password: values.password, scheme: values.auth as 'basic' }, 120_000));
  const collection = `${base.pathname.replace(/\/?$/, '/')}bench-${Date.now().toString(36)}/`;
  try {
    const made = await clients[0]!.send('MKCALENDAR', collection, { 'Content-Type': 'application/xml' }, makeCalendar);
    if (made.status !== 201) throw new Error(`MKCALENDAR answered ${String(made.status)}: ${made.body.subarray(0, 300).toString()}`);
    const options = { total: Number(values.n), seed: 'seed1', salt: collection };
    const objects = Array.from({ length: options.total }, (_, i) => sample(i, options));
    const scenario = new Scenario(collection, objects, options);
    const filled = await fill(scenario, objects, clients.slice(0, 4));
    const memory = usage.memoryMebibytes();
    const rows: { readonly operation: Operation; readonly clients: number; readonly figures: Figures }[] = [];
    for (const number of counts) {
      for (const operation of OPERATIONS.filter((name) => values.ops.split(',').includes(name))) {
        const figures = await measure(scenario.workload(operation, clients[0]!), clients.slice(0, number), Number(values.seconds), usage);
        rows.push({ operation, clients: number, figures });
        if (!values.json) console.log(rowText(operation, number, figures));
      }
    }
    const summary = { objects: options.total, filledPerSecond: filled, memoryFilled: memory, memoryAfter: usage.memoryMebibytes(), fileCreateMicroseconds: fileCreateCost() };
    if (values.json) console.log(JSON.stringify({ ...summary, rows }, null, 1));
    else console.log(`\nN=${String(summary.objects)}, filled at ${filled.toFixed(0)}/s; memory filled/after ${memory.toFixed(0)}/${summary.memoryAfter.toFixed(0)} MiB; making a file costs ${summary.fileCreateMicroseconds.toFixed(0)} µs here`);
    if (!values.keep) await clients[0]!.send('DELETE', collection);
    return rows.some(({ figures }) => figures.failures > 0) ? 1 : 0;
  } finally {
    for (const client of clients) client.close();
  }
}

async function fill(scenario: Scenario, objects: ReturnType<typeof sample>[], clients: readonly Client[]): Promise<number> {
  const began = performance.now();
  let next = 0;
  await Promise.all(clients.map(async (client) => {
    while (next < objects.length) await scenario.put(client, objects[next++]!, true);
  }));
  return objects.length / ((performance.now() - began) / 1000);
}

/** PUT of a file store depends on it, and it varies tenfold with the state of the file system. */
function fileCreateCost(): number {
  const folder = mkdtempSync(join(tmpdir(), 'kalends-bench-'));
  const began = performance.now();
  for (let i = 0; i < 200; i++) {
    writeFileSync(join(folder, 'temp'), '');
    renameSync(join(folder, 'temp'), join(folder, String(i)));
  }
  const each = ((performance.now() - began) * 1000) / 200;
  rmSync(folder, { recursive: true });
  return each;
}

function rowText(operation: string, clients: number, { perSecond, p50, p95, p99, cpu, kibibytes, requests, failures, firstFailure }: Figures): string {
  const cells = [operation.padEnd(16), `c=${String(clients)}`.padEnd(5), `${perSecond.toFixed(0)}/s`.padStart(9), `p50 ${p50.toFixed(2)} p95 ${p95.toFixed(2)} p99 ${p99.toFixed(2)} ms`.padEnd(38),
    `${kibibytes.toFixed(1)} KiB`.padStart(11), cpu === undefined ? '' : `${cpu.toFixed(3)} ms CPU`.padStart(14), `${String(requests)} req`.padStart(10)];
  return cells.join(' ') + (failures > 0 ? `  FAILED ${String(failures)}: ${firstFailure ?? ''}` : '');
}
