/**
 * The variables of a run: `$name:` in URIs, headers, bodies, credentials and expected values. Those of the server's description are fixed for the run, those
 * that requests grab come and go with a script; dates are relative to the day on which the run began, so that one over midnight agrees with itself.
 */
import { randomUUID } from 'node:crypto';

const VARIABLE = /\$[_a-zA-Z][_a-zA-Z0-9-]*:/g;
const DATE = /\$now\.(?:(year|month|week)\.)?(-?\d+):/g;
const UIDS_PER_SCRIPT = 20;
const MAX_DEPTH = 20;

export class Variables {
  readonly #fixed: ReadonlyMap<string, string>;
  readonly #today: Date;
  readonly #grabbed = new Map<string, string>();

  /** `fixed`: by `$name:`; values may name others. `today`: its UTC day counts. */
  constructor(fixed: ReadonlyMap<string, string>, today: Date) {
    this.#fixed = fixed;
    this.#today = today;
  }

  /** Fresh `$uid1:` to `$uid20:`. */
  renewUids(): void {
    for (let number = 1; number <= UIDS_PER_SCRIPT; number++) this.#grabbed.set(`$uid${number}:`, randomUUID());
  }

  /** `variable`: `$name:`, or `basename($name:)` for the last segment of a path. */
  grab(variable: string, value: string): void {
    const last = /^basename\((.*)\)$/.exec(variable)?.[1];
    if (last === undefined) this.#grabbed.set(variable, value);
    else this.#grabbed.set(last, value.replace(/\/+$/, '').split('/').at(-1)!);
  }

  /** The text with every known variable replaced, again and again until none is left. Unknown ones stay as they are. */
  expand(text: string): string {
    if (!text.includes('$')) return text;
    let before = text.replaceAll(DATE, (_all, unit: string | undefined, offset: string) => this.#date(unit, Number(offset)))
      .replaceAll('$uidrandom:', () => randomUUID());
    for (let depth = 0; depth < MAX_DEPTH && before.includes('$'); depth++) {
      const after = before.replaceAll(VARIABLE, (name) => this.#grabbed.get(name) ?? this.#fixed.get(name) ?? name);
      if (after === before) break;
      before = after;
    }
    return before;
  }

  #date(unit: string | undefined, offset: number): string {
    const day = new Date(this.#today);
    if (unit === 'year') return String(day.getUTCFullYear() + offset);
    if (unit === 'month') {
      const months = day.getUTCFullYear() * 12 + day.getUTCMonth() + offset;
      return `${Math.floor(months / 12)}${String((months % 12) + 1).padStart(2, '0')}`;
    }
    day.setUTCDate(day.getUTCDate() + (unit === 'week' ? 7 * offset : offset));
    return day.toISOString().slice(0, 10).replaceAll('-', '');
  }
}
