/**
 * What a server spends, by Linux's own accounting: CPU time and memory of a process, its threads and its descendants (reaped ones included). Zero without pids.
 */
import { readFileSync, readdirSync } from 'node:fs';

/** USER_HZ of every Linux that Node runs on. */
const TICKS_A_SECOND = 100;

export class ServerUsage {
  readonly #roots: readonly number[];

  constructor(pids: readonly number[]) {
    this.#roots = pids;
  }

  get known(): boolean {
    return this.#roots.length > 0;
  }

  cpuMilliseconds(): number {
    let ticks = 0;
    for (const pid of this.#tree()) ticks += (statOf(pid)?.slice(11, 15) ?? []).reduce((sum, field) => sum + Number(field), 0);
    return (ticks * 1000) / TICKS_A_SECOND;
  }

  /** Proportional set size of all processes, in MiB. */
  memoryMebibytes(): number {
    let kibibytes = 0;
    for (const pid of this.#tree()) {
      try {
        kibibytes += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${String(pid)}/smaps_rollup`, 'latin1'))?.[1] ?? 0);
      } catch {
        // It ended meanwhile.
      }
    }
    return kibibytes / 1024;
  }

  #tree(): readonly number[] {
    if (this.#roots.length === 0) return [];
    const children = new Map<number, number[]>();
    for (const entry of readdirSync('/proc')) {
      const parent = /^\d+$/.test(entry) ? Number(statOf(Number(entry))?.[1] ?? 0) : 0;
      if (parent > 0) children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
    }
    const found = new Set<number>();
    const waiting = [...this.#roots];
    for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
      if (found.has(pid)) continue;
      found.add(pid);
      waiting.push(...(children.get(pid) ?? []));
    }
    return [...found];
  }
}

/** Fields of /proc/PID/stat after the command: [0] state, [1] parent, [11..14] own and reaped children's user and system ticks. */
function statOf(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
