import type { AuthRequest, CredentialSource } from '@kalends/contracts';
import { DirectoryUnavailable } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import { describe, expect, it } from 'vitest';
import { BasicAuthenticator } from './basic-authenticator.ts';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const people: CredentialSource = {
  can: { verify: true, digest: [] },
  verify: (account, password) => Promise.resolve(account === 'bøb' || account === 'alice' ? (password === 'pä:ß' ? 'yes' : 'no') : account === 'gone' ? 'disabled' : 'unknown-account'),
  digestSecret: () => Promise.resolve(undefined),
};
const broken: CredentialSource = { ...people, verify: () => Promise.reject(new Error('down')) };

function basic(sources: readonly CredentialSource[] = [people], allowCleartext = false): BasicAuthenticator {
  return new BasicAuthenticator({ realm: 'Kalends', allowCleartext, sources, log: silent });
}
function request(authorization?: string, change: Partial<AuthRequest> = {}): AuthRequest {
  return { method: 'GET', target: '/', headers: authorization === undefined ? {} : { authorization }, secure: true, address: '192.0.2.1', connection: undefined, ...change };
}
const encoded = (text: string, encoding: BufferEncoding = 'utf8'): string => `Basic ${Buffer.from(text, encoding).toString('base64')}`;

describe('BasicAuthenticator', () => {
  it('accepts the right password, UTF-8 or Latin-1, split at the first colon (RFC 7617 §2)', async () => {
    expect(await basic().authenticate(request(encoded('bøb:pä:ß')))).toEqual({ kind: 'accepted', account: 'bøb' });
    expect(await basic().authenticate(request(encoded('alice:pä:ß', 'latin1')))).toEqual({ kind: 'accepted', account: 'alice' });
  });

  it.each([encoded('alice:wrong'), encoded('nobody:x'), encoded('gone:x'), 'Basic', 'Basic !!!', encoded('no colon'), encoded('a\u0000b:x'), encoded(':x')])('refuses %s', async (field) => {
    expect((await basic().authenticate(request(field))).kind).toBe('rejected');
  });

  it('takes no password in the clear from another machine, and does not ask for one (R40)', async () => {
    const clear = { secure: false };
    expect(await basic().challenge(request(undefined, clear))).toEqual([]);
    expect((await basic().authenticate(request(encoded('alice:pä:ß'), clear))).kind).toBe('rejected');
  });

  it.each(['127.0.0.1', '::1', '::ffff:127.0.0.1'])('takes one in the clear on loopback (%s)', async (address) => {
    expect((await basic().authenticate(request(encoded('alice:pä:ß'), { secure: false, address }))).kind).toBe('accepted');
  });

  it('does so from anywhere when the config insists', async () => {
    expect((await basic([people], true).authenticate(request(encoded('alice:pä:ß'), { secure: false }))).kind).toBe('accepted');
  });

  it('goes on to the next source when one fails, and says that it cannot say when all do', async () => {
    expect((await basic([broken, people]).authenticate(request(encoded('alice:pä:ß')))).kind).toBe('accepted');
    await expect(basic([broken]).authenticate(request(encoded('alice:pä:ß')))).rejects.toThrow(DirectoryUnavailable);
  });

  it('leaves other schemes to others', async () => {
    expect(await basic().authenticate(request('Digest a="b"'))).toEqual({ kind: 'not-mine' });
    expect(await basic().authenticate(request())).toEqual({ kind: 'not-mine' });
  });
});
