/** `principals/state.copy.sqlite`: what a backup tool may copy at any time, since a live SQLite file is not safe to copy. */
import { join } from 'node:path';
import { uniqueName, type StateWriter } from '@kalends/lib-shards';
import type { FileOperations } from '../file-operations.ts';

const everyMilliseconds = 60_000;

export class StateCopy {
  readonly #files: FileOperations;
  readonly #folder: string;
  readonly #state: StateWriter;
  #last = 0;
  #isDirty = true;

  constructor(files: FileOperations, folder: string, state: StateWriter) {
    this.#files = files;
    this.#folder = folder;
    this.#state = state;
  }

  /** Made anew where records have changed, at most once a minute, and at a clean stop. */
  refresh(now: number, isLast: boolean): void {
    this.#isDirty = this.#state.takeDirty() || this.#isDirty;
    const copy = join(this.#folder, 'state.copy.sqlite');
    if (!this.#isDirty || (!isLast && now - this.#last < everyMilliseconds)) return;
    const temp = join(this.#folder, `.state-${uniqueName()}`);
    this.#state.database.statement('VACUUM INTO ?').run(temp);
    this.#files.protect(temp);
    this.#files.flush(temp);
    this.#files.rename(temp, copy);
    this.#files.flushFolder(this.#folder);
    this.#last = now;
    this.#isDirty = false;
  }
}
