/**
 * When a proof is refused (R45): a quarter of a second after it came, or a whole number of quarters, and not before the slowest log-in of late was done. The work behind
 * each refusal is the same; what is not in our hands is how long a directory server takes over somebody (a slow hash, a controller that asks another) and over nobody,
 * and whose record a cache holds.
 */
const STEP_MILLISECONDS = 250;
/** What takes longer is trouble, and no hash. */
const MOST_STEPS = 4;
const REMEMBERED_MILLISECONDS = 900_000;

export class RefusalTime {
  readonly #now: () => number;
  /** Of the slowest, by how many steps it took: until when it counts. */ readonly #until: number[] = Array.from({ length: MOST_STEPS }, () => 0);

  /** @param now as `Clock.monotonic` */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** What a log-in took, right or wrong. */
  note(milliseconds: number): void {
    this.#until[Math.min(stepsOf(milliseconds), MOST_STEPS) - 1] = this.#now() + REMEMBERED_MILLISECONDS;
  }

  /** How long to wait yet after `taken`, where an answer is due after `delay` at the earliest. All milliseconds. */
  left(taken: number, delay: number): number {
    const usual = this.#until.findLastIndex((until) => until > this.#now()) + 1;
    return Math.max(stepsOf(Math.max(taken, delay)), usual) * STEP_MILLISECONDS - taken;
  }
}

const stepsOf = (milliseconds: number): number => Math.max(1, Math.ceil(milliseconds / STEP_MILLISECONDS));
