/**
 * Occurrence table: start, length and busy value of every occurrence of one calendar
 * object, packed into bytes that a store keeps beside the item and hands back untouched.
 * It answers "does this object touch that range?" and "when is it busy?" without the ICS.
 *
 * Bytes: runs, ascending by first start; a new run where daylight saving time or an
 * exception breaks the step. A run is five unsigned LEB128 varints: distance in seconds
 * from the previous run's start (from FLOOR for the first), step in seconds, repeats
 * after the first, `length × 4 + busy`, and the component it comes from.
 *
 * Pure: no clock, no I/O, no ical.js.
 */
import type { EpochSeconds, TimeRange } from '@kalends/contracts';

/** 1600-01-01T00:00:00Z. Earlier starts are clamped to it, which can only widen a match. */
export const FLOOR: EpochSeconds = -11_676_096_000;

/** RFC 5545 §3.2.9: 0 free, 1 busy, 2 tentative, 3 unavailable; each override has its own. */
export type Busy = 0 | 1 | 2 | 3;
export interface Run {
  readonly start: EpochSeconds; readonly step: number; readonly repeats: number;
  /** Seconds. */
  readonly length: number; readonly busy: Busy;
  /** Index in the object's components; says which slice and which RECURRENCE-ID it has. */
  readonly component: number;
}

/** @throws RangeError when `runs` is not in ascending order of start: a caller's bug */
export function packRuns(runs: readonly Run[]): Uint8Array {
  const bytes: number[] = [];
  let previous = FLOOR;
  for (const { start, step, repeats, length, busy, component } of runs) {
    const from = Math.max(start, FLOOR);
    if (from < previous) throw new RangeError(`run at ${start} follows one at ${previous}`);
    for (const value of [from - previous, step, repeats, length * 4 + busy, component]) pushVarint(bytes, value);
    previous = from;
  }
  return Uint8Array.from(bytes);
}

/**
 * True when some occurrence overlaps `range` (RFC 4791 §9.9, the VEVENT rows). One of
 * no length overlaps when its instant lies in `[start, end)`. Computes into a run
 * instead of walking it; stops at the first run that begins at or after `range.end`.
 */
export function touches(table: Uint8Array, range: TimeRange): boolean {
  let at = 0;
  let start = FLOOR;
  const next = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = table[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < table.length) {
    start += next();
    const step = next();
    const repeats = next();
    const length = Math.floor(next() / 4);
    next();
    if (start >= range.end) return false;
    // The first repeat that has not ended: with a length its end must lie after range.start.
    const late = range.start - start - length + (length > 0 ? 1 : 0);
    const first = late <= 0 || step === 0 ? 0 : Math.ceil(late / step);
    const reached = late <= 0 || (step > 0 && first <= repeats);
    if (reached && start + first * step < range.end) return true;
  }
  return false;
}

/** One occurrence of a run that overlaps. */
export interface Visited { readonly start: EpochSeconds; readonly length: number; readonly busy: Busy; readonly component: number }

/**
 * Calls `visit` for every occurrence that overlaps `range`, run by run: not in order of time where runs interleave. Ends when `visit` answers true, and says
 * so. `only`: of that component.
 */
export function someOverlap(table: Uint8Array, range: TimeRange, visit: (occurrence: Visited) => boolean, only?: number): boolean {
  const reader = new VarintReader(table);
  let from = FLOOR;
  while (!reader.done) {
    from += reader.next();
    const step = reader.next();
    const repeats = reader.next();
    const packed = reader.next();
    const component = reader.next();
    if (from >= range.end) return false;
    if (only !== undefined && component !== only) continue;
    const length = Math.floor(packed / 4);
    const busy = (packed % 4) as Busy;
    const late = range.start - from - length + (length > 0 ? 1 : 0);
    let n = late <= 0 ? 0 : step === 0 ? 1 : Math.ceil(late / step);
    for (let start = from + n * step; n <= repeats && start < range.end; n++, start += step) if (visit({ start, length, busy, component })) return true;
  }
  return false;
}

/** For tests and tools: the runs of a table. */
export function unpackRuns(table: Uint8Array): readonly Run[] {
  const runs: Run[] = [];
  const reader = new VarintReader(table);
  let start = FLOOR;
  while (!reader.done) {
    start += reader.next();
    const [step, repeats, packed, component] = [reader.next(), reader.next(), reader.next(), reader.next()];
    runs.push({ start, step, repeats, length: Math.floor(packed / 4), busy: (packed % 4) as Busy, component });
  }
  return runs;
}

/** Reads what `pushVarint` wrote; zeros behind the end, so that damaged bytes cannot hang a reader. */
export class VarintReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  next(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }
}

/** Division instead of shifts: a first distance needs 34 bits or more. */
export function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
}
