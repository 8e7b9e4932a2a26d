/** A data root for one test, in memory where the machine has such a place: these tests prove what is written, not how durable the disk is. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainReader } from '@kalends/testkit';
import type { FlatFileOptions, FlatFileStore } from './flat-file-options.ts';
import { openFlatFileStore } from './open-flat-file-store.ts';

export class TestDataRoot implements AsyncDisposable {
  readonly path = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'kalends-flat-'));
  readonly #opened: FlatFileStore[] = [];

  /** The writer runs on this thread, and no checkpoint comes by itself. */
  async open(options: Partial<FlatFileOptions> = {}): Promise<FlatFileStore> {
    const store = await openFlatFileStore({ path: this.path, shards: 2, itemReader: plainReader, writer: 'inline', checkpointSeconds: 3_600, ...options });
    this.#opened.push(store);
    return store;
  }

  async close(): Promise<void> {
    for (const store of this.#opened.splice(0)) await store.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    rmSync(this.path, { recursive: true });
  }
}
