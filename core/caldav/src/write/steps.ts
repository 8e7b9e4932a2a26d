/**
 * The write steps of a deployment in the order in which they run: normalize, merge, schedule; within a phase as the config lists them. Steps do not know
 * one another, and none may depend on its place among its phase.
 */
import type { ItemDraft, WriteContext, WriteStep } from '@kalends/contracts';

type Phase = WriteStep['phase'];
const PHASES: readonly Phase[] = ['normalize', 'merge', 'schedule'];

/** Steps with what each looked up before the change. */
export interface PreparedSteps {
  /** `'prepare-again'`: a step met somebody whom it had not looked up. Pure, so a store may run the change twice. */
  apply(draft: ItemDraft): ItemDraft | 'prepare-again';
}

export class WriteSteps {
  readonly #steps: readonly WriteStep[];

  constructor(steps: readonly WriteStep[]) {
    this.#steps = PHASES.flatMap((phase) => steps.filter((step) => step.phase === phase));
  }

  /** Nobody needs to see the stored version before it is replaced. */
  get none(): boolean {
    return this.#steps.length === 0;
  }

  /** Somebody must hear of objects that go. */
  get schedules(): boolean {
    return this.#steps.some(({ phase }) => phase === 'schedule');
  }

  /** `without`: a received message is filed, not sent on (the receiver skips `schedule`). */
  async prepare(draft: ItemDraft, context: WriteContext, without?: Phase): Promise<PreparedSteps> {
    const steps = this.#steps.filter(({ phase }) => phase !== without);
    const prepared = await Promise.all(steps.map((step) => step.prepare(draft, context)));
    return {
      apply: (first) => {
        let current = first;
        for (const [index, step] of steps.entries()) {
          const next = step.apply(current, prepared[index], context);
          if (next === 'prepare-again') return next;
          current = next;
        }
        return current;
      },
    };
  }
}
