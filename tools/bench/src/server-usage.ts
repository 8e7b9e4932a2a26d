/**
 * What a server spends, by Linux's own accounting: CPU time and memory of a process, its threads and its descendants, reaped ones included. Threads count to the
 * nanosecond (schedstat), so a handful of requests can be measured; where threads come and go, as with servers that make one for each request, processes count in
 * ticks of ten milliseconds. Zero without pids.
 */
import { readFileSync, readdirSync } from 'node:fs';

/** USER_HZ of every Linux that Node runs on. */
const MILLISECONDS_A_TICK = 10;
/** Ticks and nanoseconds differ by more: the difference is threads that have ended. */
const ROUNDING_MILLISECONDS = 2 * MILLISECONDS_A_TICK;

/** By process, what it had spent; `reaped`: of children that it has waited for. */
export type Mark = ReadonlyMap<number, { readonly threads: number; readonly process: number; readonly reaped: number }>;

export class ServerUsage {
  readonly #roots: readonly number[];
  /** Processes whose threads come and go. */ readonly #shortThreads = new Set<number>();

  constructor(pids: readonly number[]) {
    this.#roots = pids;
  }

  get known(): boolean {
    return this.#roots.length > 0;
  }

  mark(): Mark {
    const mark = new Map<number, { readonly threads: number; readonly process: number; readonly reaped: number }>();
    for (const pid of this.#tree()) {
      const [user = 0, system = 0, reapedUser = 0, reapedSystem = 0] = (statOf(pid)?.slice(11, 15) ?? []).map((ticks) => Number(ticks) * MILLISECONDS_A_TICK);
      mark.set(pid, { threads: threadsMilliseconds(pid) ?? user + system, process: user + system, reaped: reapedUser + reapedSystem });
    }
    return mark;
  }

  /** CPU time since then. */
  millisecondsSince(before: Mark): number {
    let milliseconds = 0;
    const now = this.mark();
    for (const [pid, { threads, process, reaped }] of now) {
      const then = before.get(pid) ?? { threads: 0, process: 0, reaped: 0 };
      if (process - then.process - (threads - then.threads) > ROUNDING_MILLISECONDS) this.#shortThreads.add(pid);
      milliseconds += reaped - then.reaped + (this.#shortThreads.has(pid) ? process - then.process : threads - then.threads);
    }
    // What ended meanwhile is in its parent's sum, with all that it had spent before.
    for (const [pid, then] of before) if (!now.has(pid)) milliseconds -= then.process + then.reaped;
    return milliseconds;
  }

  /** Proportional set size of all processes, in MiB. */
  memoryMebibytes(): number {
    let kibibytes = 0;
    for (const pid of this.#tree()) kibibytes += Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${String(pid)}/smaps_rollup`) ?? '')?.[1] ?? 0);
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

/** What all processes of this machine have spent together, in milliseconds: how quiet it was. */
export function machineMilliseconds(): number {
  const [user = 0, nice = 0, system = 0, , , interrupts = 0, softInterrupts = 0] = (read('/proc/stat') ?? '').split('\n')[0]!.split(/\s+/).slice(1).map(Number);
  return (user + nice + system + interrupts + softInterrupts) * MILLISECONDS_A_TICK;
}

/** Undefined: this kernel does not say. */
function threadsMilliseconds(pid: number): number | undefined {
  const folder = `/proc/${String(pid)}/task`;
  let nanoseconds: number | undefined;
  for (const thread of list(folder)) {
    const spent = read(`${folder}/${thread}/schedstat`);
    if (spent !== undefined) nanoseconds = (nanoseconds ?? 0) + Number(spent.slice(0, spent.indexOf(' ')));
  }
  return nanoseconds === undefined ? undefined : nanoseconds / 1e6;
}

/** Fields of /proc/PID/stat after the command: [0] state, [1] parent, [11..14] own and reaped children's user and system ticks. */
function statOf(pid: number): readonly string[] | undefined {
  const text = read(`/proc/${String(pid)}/stat`);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Processes and threads end at any time: what is gone spends nothing. */
function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
