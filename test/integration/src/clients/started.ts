/** What a test has started and must end, last first: AsyncDisposableStack, which Node 22 lacks. */
export class Started {
  readonly #ends: (() => Promise<void>)[] = [];

  defer(end: () => Promise<void>): void {
    this.#ends.push(end);
  }

  use<T extends AsyncDisposable>(value: T): T {
    this.defer(async () => { await value[Symbol.asyncDispose](); });
    return value;
  }

  /** All of them, even where one fails. @throws the first failure */
  async disposeAsync(): Promise<void> {
    const failures: unknown[] = [];
    for (const end of this.#ends.splice(0).reverse()) await end().catch((error: unknown) => { failures.push(error); });
    if (failures.length > 0) throw failures[0];
  }
}
