import { StoreError } from '@kalends/contracts';
import type { RecordOperation, RecordStore, StoredRecord } from '@kalends/contracts';
import { describe, expect, it } from 'vitest';
import { StoredSecrets } from './secrets.ts';

/** Only what secrets use; `beforeApply` lets another process win the race. */
function records(options: { readonly failFirst?: boolean } = {}): RecordStore & { readonly map: Map<string, StoredRecord>; beforeApply?: () => void; applied: number } {
  const map = new Map<string, StoredRecord>();
  let fail = options.failFirst === true;
  return {
    map, applied: 0,
    async get(kind, key) {
      await Promise.resolve();
      if (fail) {
        fail = false;
        throw new StoreError('busy', 'try again');
      }
      return map.get(`${kind}/${key}`);
    },
    // eslint-disable-next-line require-yield -- never listed here
    async *list() { throw new Error('not used'); },
    async apply(operations: readonly RecordOperation[]) {
      await Promise.resolve();
      this.applied++;
      this.beforeApply?.();
      for (const { kind, key, value, expect: wanted } of operations) {
        if (wanted === 'absent' && map.has(`${kind}/${key}`)) throw new StoreError('etag-mismatch', 'there already');
        map.set(`${kind}/${key}`, { key, version: '1', value });
      }
    },
  };
}

describe('StoredSecrets', () => {
  it('makes 32 octets once and gives them to everybody', async () => {
    const store = records();
    const secrets = new StoredSecrets(store);
    const [one, two] = await Promise.all([secrets.get('digest'), secrets.get('digest')]);
    expect(one).toHaveLength(32);
    expect(two).toEqual(one);
    expect(await new StoredSecrets(store).get('digest')).toEqual(one);
    expect(await secrets.get('other')).not.toEqual(one);
    expect(store.applied).toBe(2);
  });

  it('takes the key of another process that was first', async () => {
    const store = records();
    const theirs = Buffer.alloc(32, 7);
    store.beforeApply = () => { store.map.set('secret/digest', { key: 'digest', version: '1', value: theirs.toString('base64') }); };
    expect(Buffer.from(await new StoredSecrets(store).get('digest'))).toEqual(theirs);
  });

  it('refuses a damaged key instead of working with a weak one', async () => {
    const store = records();
    store.map.set('secret/digest', { key: 'digest', version: '1', value: 'short' });
    await expect(new StoredSecrets(store).get('digest')).rejects.toMatchObject({ code: 'corrupt' });
  });

  it('asks again after a failure', async () => {
    const secrets = new StoredSecrets(records({ failFirst: true }));
    await expect(secrets.get('digest')).rejects.toMatchObject({ code: 'busy' });
    expect(await secrets.get('digest')).toHaveLength(32);
  });
});
