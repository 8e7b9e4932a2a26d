/** Whether an account exists must not be read from the time an answer takes (R45). Time itself would prove nothing here and fail at random: the slow work is counted. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '@kalends/testkit';
import { FileCredentials } from './file-credentials.ts';
import { FileDirectory } from './file-directory.ts';

const work: string[] = [];
vi.mock('@node-rs/argon2', async (original) => {
  const library = await original<typeof import('@node-rs/argon2')>();
  const cost = (text: string): string => /\$m=[^$]*\$/.exec(text)?.[0] ?? 'none';
  return {
    ...library,
    verify: (hashed: string, password: string) => { work.push(`verify ${cost(hashed)}`); return library.verify(hashed, password); },
    hash: async (...given: Parameters<typeof library.hash>) => { const made = await library.hash(...given); work.push(`hash ${cost(made)}`); return made; },
  };
});
const { hash } = await import('@node-rs/argon2');
const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'kalends-people-')); });
afterEach(() => { rmSync(folder, { recursive: true }); });

async function credentials(memoryCost: number): Promise<FileCredentials> {
  const file = join(folder, 'people.yaml');
  const stored = async (password: string) => `credentials: { argon2id: ${JSON.stringify(await hash(password, { memoryCost, timeCost: 1, parallelism: 1 }))} }`;
  writeFileSync(file, `users:
  - { id: a, name: alice, ${await stored('right')} }
  - { id: b, name: bob, enabled: false, ${await stored('right')} }
  - { id: c, name: carol, locked: true, ${await stored('right')} }
  - { id: d, name: dan }
`);
  const found = new FileCredentials(await FileDirectory.open({ file, demo: false }, systemClock, silent), false);
  await found.prepare();
  work.length = 0;
  return found;
}

describe('a wrong password', () => {
  it.each([512, 2048])('costs one hash of the same cost for accounts that there are, that are shut, that have no password, and that there are not (%i KiB)', async (memoryCost) => {
    const people = await credentials(memoryCost);
    for (const account of ['nobody', 'alice', 'bob', 'carol', 'dan', 'nobody', 'Nobody else', '', 'alice\u0000', 'x'.repeat(5_000)]) {
      for (const password of ['wrong', '', 'x'.repeat(5_000)]) {
        work.length = 0;
        expect(['no', 'unknown-account']).toContain(await people.verify(account, password));
        expect(work, account.slice(0, 20)).toEqual([`verify $m=${String(memoryCost)},t=1,p=1$`]);
      }
    }
  });

  it('costs no more and no less where it is only pretended', async () => {
    const people = await credentials(2048);
    await people.pretend();
    expect(work).toEqual(['verify $m=2048,t=1,p=1$']);
  });

  it('is told from a shut account only with the right one', async () => {
    const people = await credentials(512);
    expect(await Promise.all(['alice', 'bob', 'carol', 'dan'].map((account) => people.verify(account, 'right')))).toEqual([{ principal: 'a' }, 'disabled', 'disabled', 'no']);
    expect(work).toEqual(Array(4).fill('verify $m=512,t=1,p=1$'));
  });
});
