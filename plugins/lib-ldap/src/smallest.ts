/** The first `limit` names of however many pass by, in memory for that many. */
import type { PrincipalId } from '@kalends/contracts';

export class Smallest {
  readonly #limit: number;
  #kept: { readonly name: string; readonly id: PrincipalId }[] = [];
  /** From here on nothing is kept, once `limit` are. */ #bound: string | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  offer(name: string, id: PrincipalId): void {
    if (this.#bound !== undefined && name >= this.#bound) return;
    this.#kept.push({ name, id });
    if (this.#kept.length >= this.#limit * 2 + 1) this.#cut();
  }

  /** Undefined: all that passed by were kept. */
  get last(): string | undefined {
    this.#cut();
    return this.#bound;
  }

  /** Ascending by name. */
  values(): readonly PrincipalId[] {
    this.#cut();
    return this.#kept.map(({ id }) => id);
  }

  #cut(): void {
    this.#kept = this.#kept.sort((a, b) => (a.name < b.name ? -1 : 1)).slice(0, this.#limit);
    if (this.#kept.length === this.#limit) this.#bound = this.#kept.at(-1)?.name;
  }
}
