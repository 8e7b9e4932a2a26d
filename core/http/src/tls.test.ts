import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { generateKeyPairSync } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTls } from './tls.ts';

describe('a certificate that cannot be used', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kalends-tls-'));
    await writeFile(join(folder, 'key.pem'), generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }));
    await writeFile(join(folder, 'noise.pem'), 'noise');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([['missing.pem', 'key.pem', /cannot read the certificate .*missing\.pem/], ['noise.pem', 'key.pem', /noise\.pem holds no PEM certificate/], ['noise.pem', 'missing.pem', /cannot read the private key .*missing\.pem/]])(
    'is refused with the name of the file that is wrong: %s, %s', async (certificate, key, message) => {
      await expect(readTls({ certificate: join(folder, certificate), key: join(folder, key) })).rejects.toThrow(message);
    },
  );
});
