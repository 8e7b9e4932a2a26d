/** `caldav-bench --url …`: one server that somebody else started. */
import { fileCreateMicroseconds } from './file-create-microseconds.ts';
import type { Duration, Figures } from './measure.ts';
import type { Operation } from './operations.ts';
import { FilledCalendar } from './filled-calendar.ts';
import type { Target } from './filled-calendar.ts';

export interface Plan { readonly total: number; readonly clients: readonly number[]; readonly operations: readonly Operation[]; readonly duration: Duration }

/** @returns false when an answer was wrong */
export async function measureOne(target: Target, plan: Plan, { json, keep }: { readonly json: boolean; readonly keep: boolean }): Promise<boolean> {
  await using calendar = await FilledCalendar.make(target, { total: plan.total, clients: Math.max(...plan.clients), keep });
  const memoryFilled = calendar.usage.memoryMebibytes();
  const rows: { readonly operation: Operation; readonly clients: number; readonly figures: Figures }[] = [];
  for (const clients of plan.clients) {
    for (const operation of plan.operations) {
      if (operation !== 'delete') await calendar.settle();
      const figures = calendar.figures([await calendar.measure(operation, clients, plan.duration)]);
      rows.push({ operation, clients, figures });
      if (!json) console.log(rowText(operation, clients, figures));
    }
    await calendar.settle();
  }
  const summary = {
    objects: plan.total, filledPerSecond: calendar.filledPerSecond, memoryFilled, memoryAfter: calendar.usage.memoryMebibytes(), fileCreateMicroseconds: fileCreateMicroseconds(),
  };
  if (json) console.log(JSON.stringify({ ...summary, rows }, null, 1));
  else {
    const memory = calendar.usage.known ? `memory filled/after ${memoryFilled.toFixed(0)}/${summary.memoryAfter.toFixed(0)} MiB; ` : '';
    console.log(`\nN=${String(plan.total)}, filled at ${calendar.filledPerSecond.toFixed(0)}/s; ${memory}making a file costs ${summary.fileCreateMicroseconds.toFixed(0)} µs here`);
  }
  return rows.every(({ figures }) => figures.failures === 0);
}

function rowText(operation: string, clients: number, { perSecond, p50, p95, p99, cpu, generator, kibibytes, requests, failures, firstFailure }: Figures): string {
  const cells = [
    operation.padEnd(16), `c=${String(clients)}`.padEnd(5), `${perSecond.toFixed(0)}/s`.padStart(9), `p50 ${p50.toFixed(2)} p95 ${p95.toFixed(2)} p99 ${p99.toFixed(2)} ms`.padEnd(38),
    `${kibibytes.toFixed(1)} KiB`.padStart(11), cpu === undefined ? '' : `${cpu.toFixed(3)} ms CPU`.padStart(14), `${String(requests)} req`.padStart(10),
  ];
  return cells.join(' ') + (generator > 0.85 ? '  (the generator is at its limit)' : '') + (failures > 0 ? `  FAILED ${String(failures)}: ${firstFailure ?? ''}` : '');
}
