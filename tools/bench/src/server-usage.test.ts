import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { ServerUsage } from './server-usage.ts';

/** Spends so many milliseconds of CPU time each time it is told to, and says when it is done. */
const SPENDER = "process.stdin.on('data', () => { for (const from = process.cpuUsage(); process.cpuUsage(from).user < 60_000;); process.stdout.write('.'); });";

it('counts what a process spent between a mark and now', async () => {
  const child = spawn(process.execPath, ['-e', SPENDER], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const usage = new ServerUsage([child.pid!]);
    const spend = async (): Promise<void> => {
      child.stdin.write('x');
      await once(child.stdout, 'data');
    };
    await spend();
    const mark = usage.mark();
    await spend();
    const spent = usage.millisecondsSince(mark);
    expect(spent).toBeGreaterThanOrEqual(55);
    expect(usage.millisecondsSince(mark)).toBeGreaterThanOrEqual(spent);
    expect(usage.memoryMebibytes()).toBeGreaterThan(1);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

it('knows nothing without processes', () => {
  const usage = new ServerUsage([]);
  expect([usage.known, usage.millisecondsSince(usage.mark()), usage.memoryMebibytes()]).toEqual([false, 0, 0]);
});

it('says nothing of a process that is not there', () => {
  const usage = new ServerUsage([2 ** 22 + 1]);
  expect([usage.millisecondsSince(usage.mark()), usage.memoryMebibytes()]).toEqual([0, 0]);
});
