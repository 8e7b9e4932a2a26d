/**
 * Places in the writer where a test may stop it, slow it down or make it fail, and counters that tests assert instead of times. In a server both are absent and
 * cost one comparison.
 */

/** In the order a change passes them; the last four are a checkpoint's. */
export type PausePoint =
  | 'before-temps' | 'after-temps' | 'after-begin' | 'before-commit' | 'after-commit' | 'before-rename' | 'after-rename'
  | 'checkpoint-begin' | 'checkpoint-flushed' | 'checkpoint-before-commit' | 'checkpoint-after-commit';

/** Int32 0: nobody waits; 1: the writer has arrived and waits; 2: it may go on (and will not wait here again). */
export interface Gate { readonly point: PausePoint; readonly buffer: SharedArrayBuffer }

/** Counts since the caller last set them to zero. */
export interface StoreCounters {
  /** Statements run by reads. */ statements: number;
  /** Rows those returned. */ rows: number;
  /** Body rows and files read. */ bodies: number;
  /** Files opened by reads. */ fileOpens: number;
  /** Transactions that the writer committed. */ commits: number;
}

export function newCounters(): StoreCounters {
  return { statements: 0, rows: 0, bodies: 0, fileOpens: 0, commits: 0 };
}

export interface ProbeOptions { readonly pausePoints?: string | undefined; readonly gates?: readonly Gate[] | undefined; readonly onPoint?: ((point: PausePoint) => void) | undefined }

export type Probe = (point: PausePoint) => void;

export function createProbe(options: ProbeOptions): Probe {
  const pauses = parsePauses(options.pausePoints ?? '');
  const gates = options.gates ?? [];
  const { onPoint } = options;
  if (pauses.size === 0 && gates.length === 0 && onPoint === undefined) return () => undefined;
  return (point) => {
    onPoint?.(point);
    const pause = pauses.get(point);
    if (pause !== undefined && Math.random() < pause.probability) sleep(pause.milliseconds);
    for (const gate of gates) if (gate.point === point) waitAt(new Int32Array(gate.buffer));
  };
}

/** Blocks the thread. */
export function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

function waitAt(state: Int32Array): void {
  if (Atomics.compareExchange(state, 0, 0, 1) !== 0) return;
  Atomics.notify(state, 0);
  while (Atomics.load(state, 0) === 1) Atomics.wait(state, 0, 1);
}

function parsePauses(text: string): ReadonlyMap<string, { readonly milliseconds: number; readonly probability: number }> {
  const pauses = new Map<string, { milliseconds: number; probability: number }>();
  for (const part of text.split(',').filter((each) => each !== '')) {
    const [point = '', milliseconds = '0', probability = '1'] = part.split(':');
    pauses.set(point, { milliseconds: Number(milliseconds), probability: Number(probability) });
  }
  return pauses;
}
