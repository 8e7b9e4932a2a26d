/**
 * A zone as a table of offset transitions with a tail of yearly rules. Offsets are found by binary search; times after the table's horizon are answered from the
 * transitions of their own year, computed from the rules when first asked for and kept while they are few. So the year 2400 costs what 2024 costs.
 */
import type { EpochSeconds } from '@kalends/contracts';
import { MAX_STEPS } from './limits.ts';
import type { Plan } from './recurrence-plan.ts';
import { collect } from './recurrence-walk.ts';
import { civilFromDays, DAY, dayNumber, daysFromCivil, yearOf, type LocalSeconds } from './time.ts';
import type { Zone } from './zones.ts';

/** From `utc` on the offset is `to`. */
export interface Onset { readonly utc: EpochSeconds; readonly to: number }

/** An observance that comes back without end: its local starts, and the offset that they are told in. */
export interface OpenObservance { readonly plan: Plan; readonly from: number; readonly to: number }

export interface ZoneSource {
  readonly id: string;
  /** In any order. Complete before `horizon`. */
  readonly onsets: readonly Onset[];
  /** The offset before the first of them. */
  readonly before: number;
  readonly open: readonly OpenObservance[];
  /** Where the open observances take over. Ignored without any. */
  readonly horizon: EpochSeconds;
}

/** Years kept computed per zone: a century of look-ups, some 20 KB. */
const MAX_YEARS = 128;
const LAST_YEAR = 9999;

export function zoneFromTable(source: ZoneSource): Zone {
  return new TableZone(source);
}

class TableZone implements Zone {
  readonly id: string;
  readonly #table: Table;
  readonly #open: readonly OpenObservance[];
  readonly #horizon: EpochSeconds;
  readonly #years = new Map<number, Table>();

  constructor({ id, onsets, before, open, horizon }: ZoneSource) {
    this.id = id;
    this.#table = new Table(onsets, before);
    this.#open = open;
    this.#horizon = open.length === 0 ? Infinity : horizon;
  }

  offsetAt(utc: EpochSeconds): number {
    return (utc < this.#horizon ? this.#table : this.#yearOf(utc)).offsetAt(utc);
  }

  toLocal(utc: EpochSeconds): LocalSeconds {
    return utc + this.offsetAt(utc);
  }

  toUtc(local: LocalSeconds): EpochSeconds {
    // A local time is at most a day away from the instant; a year's table holds its neighbours too.
    return local - (local < this.#horizon ? this.#table : this.#yearOf(local)).offsetOf(local);
  }

  nextTransition(utc: EpochSeconds): EpochSeconds {
    if (utc < this.#horizon) {
      const next = this.#table.after(utc);
      if (next < this.#horizon || this.#horizon === Infinity) return next;
    }
    let from = Math.max(utc, this.#horizon - 1);
    // A rule that changes the clock less often than every four years ends the search.
    for (let tries = 0; tries < 5; tries += 1) {
      const next = this.#yearOf(from).after(from);
      if (next !== Infinity) return next;
      from += 365 * DAY;
    }
    return Infinity;
  }

  /** The onsets of a year, the one before and the one after. */
  #yearOf(time: number): Table {
    const year = Math.min(yearOf(civilFromDays(dayNumber(time))), LAST_YEAR);
    let table = this.#years.get(year);
    if (table === undefined) {
      if (this.#years.size >= MAX_YEARS) this.#years.clear();
      table = this.#tableOf(year);
      this.#years.set(year, table);
    }
    return table;
  }

  #tableOf(year: number): Table {
    const from = daysFromCivil(year - 1, 1, 1) * DAY;
    const to = daysFromCivil(year + 2, 1, 1) * DAY;
    const onsets: Onset[] = [];
    let before: { utc: number; offset: number } = { utc: Infinity, offset: this.#table.offsetAt(this.#horizon - 1) };
    for (const open of this.#open) {
      const starts: LocalSeconds[] = [];
      collect(open.plan, from, to, { instances: 100, steps: MAX_STEPS }, starts);
      for (const start of starts) {
        const utc = start - open.from;
        onsets.push({ utc, to: open.to });
        if (utc < before.utc) before = { utc, offset: open.from };
      }
    }
    return new Table(onsets, before.offset);
  }
}

/** Parallel columns; typed arrays keep the search in cache. */
class Table {
  readonly #times: Float64Array;
  /** `#offsets[i]` holds before `#times[i]`. */
  readonly #offsets: Float64Array;
  /** The local time from which the offset after `#times[i]` is used: the end of a gap, or of an hour told twice. */
  readonly #locals: Float64Array;

  constructor(onsets: readonly Onset[], before: number) {
    const times: number[] = [];
    const offsets = [before];
    for (const { utc, to } of onsets.toSorted((a, b) => a.utc - b.utc)) {
      if (times.length > 0 && times[times.length - 1] === utc) {
        times.pop();
        offsets.pop();
      }
      if (offsets[offsets.length - 1] === to) continue;
      times.push(utc);
      offsets.push(to);
    }
    this.#times = Float64Array.from(times);
    this.#offsets = Float64Array.from(offsets);
    this.#locals = this.#times.map((time, index) => time + Math.max(offsets[index]!, offsets[index + 1]!));
  }

  offsetAt(utc: EpochSeconds): number {
    return this.#offsets[countUpTo(this.#times, utc)]!;
  }

  offsetOf(local: LocalSeconds): number {
    return this.#offsets[countUpTo(this.#locals, local)]!;
  }

  after(utc: EpochSeconds): EpochSeconds {
    return this.#times[countUpTo(this.#times, utc)] ?? Infinity;
  }
}

/** How many of an ascending column are not above `value`. */
function countUpTo(column: Float64Array, value: number): number {
  let low = 0;
  let high = column.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (column[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
