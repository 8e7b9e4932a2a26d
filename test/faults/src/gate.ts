/** A place in the writer thread where it stops until a test lets it go on. Open at first: what happens before is of no interest. */
import { setTimeout as delay } from 'node:timers/promises';
import type { openFlatFileStore } from '@kalends/storage-flat-file';

type StoreGate = NonNullable<Parameters<typeof openFlatFileStore>[0]['gates']>[number];
export type Point = StoreGate['point'];

export class Gate implements StoreGate {
  readonly point: Point;
  readonly buffer = new SharedArrayBuffer(4);
  readonly #state = new Int32Array(this.buffer);

  constructor(point: Point) {
    this.point = point;
    this.open();
  }
  close(): void {
    Atomics.store(this.#state, 0, 0);
  }
  /** Resolves when the writer stands there, or when `ended` does first: true if it stands. */
  async reached(ended: Promise<unknown> = new Promise(() => undefined)): Promise<boolean> {
    let isOver = false;
    void ended.then(() => { isOver = true; }, () => { isOver = true; });
    while (!isOver && Atomics.load(this.#state, 0) !== 1) await delay(1);
    return Atomics.load(this.#state, 0) === 1;
  }
  open(): void {
    Atomics.store(this.#state, 0, 2);
    Atomics.notify(this.#state, 0);
  }
}
