/** The strategy and what drives it, over a double of the library; the real one, with a real KDC, is in test/integration. */
import type { AuthRequest } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import { describe, expect, it } from 'vitest';
import { KerberosAuthenticator } from './kerberos-authenticator.ts';
import { loadKerberos, type KerberosModule } from './kerberos-module.ts';
import { KerberosStrategy } from './kerberos-strategy.ts';
import { SpnegoAcceptor } from './spnego-acceptor.ts';

const reasons: string[] = [];
const log: Logger = { debug() {}, info() {}, warn: (_, fields) => { reasons.push(String((fields as { readonly reason?: unknown } | undefined)?.reason)); }, error() {}, child: () => log };

function authenticator(step: (token: string) => { readonly username?: string | null; readonly target?: string | null; readonly complete?: boolean; readonly reply?: string | null }): KerberosAuthenticator {
  const kerberos: KerberosModule = {
    initializeServer: () => {
      let found: ReturnType<typeof step> = {};
      return Promise.resolve({
        step: (token: string) => Promise.resolve().then(() => { found = step(token); return found.reply ?? null; }),
        get contextComplete() { return found.complete ?? true; },
        get username() { return found.username ?? null; },
        get targetName() { return found.target === undefined ? 'HTTP/a.test@EXAMPLE.TEST' : found.target; },
        response: null,
      });
    },
  };
  const acceptor = new SpnegoAcceptor({ kerberos, services: new Set(['HTTP/a.test']) });
  return new KerberosAuthenticator(new KerberosStrategy({ acceptor, realms: new Map([['EXAMPLE.TEST', { account: 'name', 'lower-case': false }]]) }), log);
}
const request = (authorization?: string): AuthRequest => ({ method: 'GET', target: '/', headers: authorization === undefined ? {} : { authorization }, secure: true, address: '192.0.2.1', connection: undefined });

describe('Negotiate', () => {
  it('is offered everywhere, since a token tells no password', async () => {
    expect(await authenticator(() => ({})).challenge()).toEqual(['Negotiate']);
  });

  it('accepts a ticket, answers with its own proof, and is never remembered', async () => {
    const outcome = await authenticator(() => ({ username: 'alice@EXAMPLE.TEST', reply: 'b3Vycw==' })).authenticate(request('Negotiate dG9rZW4='));
    expect(outcome).toEqual({ kind: 'accepted', account: 'alice', responseHeaders: [['Persistent-Auth', 'false'], ['WWW-Authenticate', 'Negotiate b3Vycw==']] });
  });

  it('accepts one of a client that asks for no proof', async () => {
    expect(await authenticator(() => ({ username: 'alice@EXAMPLE.TEST' })).authenticate(request('negotiate dG9rZW4='))).toEqual({ kind: 'accepted', account: 'alice', responseHeaders: [['Persistent-Auth', 'false']] });
  });

  it.each([
    ['another service', { username: 'alice@EXAMPLE.TEST', target: 'HTTP/b.test@EXAMPLE.TEST' }, /for "HTTP\/b\.test/], ['no service', { username: 'alice@EXAMPLE.TEST', target: null }, /for null/],
    ['a second round', { username: 'alice@EXAMPLE.TEST', complete: false }, /second round/], ['nobody', {}, /second round/], ['another realm', { username: 'alice@B.TEST' }, /not one of EXAMPLE\.TEST/],
  ])('refuses a ticket for or of %s, as a challenge that counts as no guess', async (_, found, reason) => {
    const outcome = await authenticator(() => found).authenticate(request('Negotiate dG9rZW4='));
    expect(outcome).toEqual({ kind: 'rejected', reason: expect.stringMatching(reason) as string, challenge: ['Negotiate'] });
    expect(reasons.at(-1)).toMatch(reason);
  });

  it('says in one line what the library said', async () => {
    const outcome = await authenticator(() => { throw new Error('Unspecified GSS failure.\nRequest is a replay'); }).authenticate(request('Negotiate dG9rZW4='));
    expect(outcome).toMatchObject({ kind: 'rejected', reason: 'Unspecified GSS failure. Request is a replay' });
  });

  it.each(['Negotiate', 'Negotiate ', 'Negotiate ***', 'Negotiate a b'])('refuses %j without asking the library', async (field) => {
    expect(await authenticator(() => { throw new Error('was asked'); }).authenticate(request(field))).toMatchObject({ kind: 'rejected', reason: 'the Negotiate field holds no token' });
  });

  it('leaves other schemes to others', async () => {
    expect(await authenticator(() => ({})).authenticate(request('Basic YTpi'))).toEqual({ kind: 'not-mine' });
    expect(await authenticator(() => ({})).authenticate(request())).toEqual({ kind: 'not-mine' });
  });

  it('says how to get the library where it is missing', async () => {
    await expect(loadKerberos(() => Promise.reject(new Error('Cannot find package')))).rejects.toThrow(/install Debian's libgssapi-krb5-2/);
  });
});
