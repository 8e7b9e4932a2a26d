/**
 * The `secrets` point over records: a random key by name, made on first use by whichever process asks first. Whoever loses that race takes the winner's.
 */
import { randomBytes } from 'node:crypto';
import { recordStore, secrets, StoreError } from '@kalends/contracts';
import type { RecordStore, Secrets } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import { z } from 'zod';

const KIND = 'secret';
const OCTETS = 32;

export class StoredSecrets implements Secrets {
  readonly #records: RecordStore;
  readonly #known = new Map<string, Promise<Uint8Array>>();

  constructor(records: RecordStore) {
    this.#records = records;
  }

  /** @throws StoreError `corrupt` when the record holds something else than 32 octets */
  get(name: string): Promise<Uint8Array> {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const found = this.#readOrMake(name);
    this.#known.set(name, found);
    // A store that is down now may be up at the next attempt.
    found.catch(() => { this.#known.delete(name); });
    return found;
  }

  async #readOrMake(name: string): Promise<Uint8Array> {
    const there = await this.#read(name);
    if (there !== undefined) return there;
    try {
      await this.#records.apply([{ kind: KIND, key: name, value: randomBytes(OCTETS).toString('base64'), expect: 'absent' }]);
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'etag-mismatch') throw error;
    }
    // Read back in either case: what is stored is the truth, whoever wrote it.
    const made = await this.#read(name);
    if (made === undefined) throw new StoreError('corrupt', `the secret ${name} was written and is not there`);
    return made;
  }

  async #read(name: string): Promise<Uint8Array | undefined> {
    const record = await this.#records.get(KIND, name);
    if (record === undefined) return undefined;
    const octets = typeof record.value === 'string' ? Buffer.from(record.value, 'base64') : Buffer.alloc(0);
    if (octets.length !== OCTETS) throw new StoreError('corrupt', `the secret ${name} is damaged; remove its record to have another made`);
    return new Uint8Array(octets);
  }
}

export default definePlugin({
  name: '@kalends/server/secrets',
  api: 1,
  summary: 'Random keys of this deployment, kept among the records.',
  config: z.strictObject({}),
  provides: { secrets },
  requires: { records: recordStore },
  setup: ({ deps }) => ({ secrets: new StoredSecrets(deps.records) }),
});
