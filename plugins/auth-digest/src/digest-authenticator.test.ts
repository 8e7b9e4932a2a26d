import { createHash } from 'node:crypto';
import type { AuthRequest, Clock, CredentialSource } from '@kalends/contracts';
import type { Logger } from '@kalends/kernel';
import { describe, expect, it } from 'vitest';
import { DigestAuthenticator } from './digest-authenticator.ts';
import { readDigestHeader } from './digest-header.ts';
import { responseFor } from './digest-response.ts';
import type { DigestAlgorithm } from './digest-response.ts';

const REALM = 'Kalends';
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

function source(accounts: Record<string, string>, digest: readonly DigestAlgorithm[] = ['MD5', 'SHA-256']): CredentialSource {
  return {
    can: { verify: false, digest },
    verify: () => Promise.resolve('unavailable'),
    digestSecret: (account, realm, algorithm) => Promise.resolve(accounts[account] === undefined ? undefined
      : createHash(algorithm === 'MD5' ? 'md5' : 'sha256').update(`${account}:${realm}:${accounts[account]}`).digest('hex')),
  };
}

interface Given { readonly authenticator: DigestAuthenticator; advance(seconds: number): void }

async function given(options: { sources?: readonly CredentialSource[]; hostId?: string; key?: string } = {}): Promise<Given> {
  let now = 1_700_000_000_000;
  const clock: Clock = { now: () => now, monotonic: () => now, after: () => Promise.resolve() };
  const used = new Set<string>();
  const authenticator = new DigestAuthenticator({
    realm: REALM, algorithms: ['MD5', 'SHA-256'], nonceSeconds: 300, sources: options.sources ?? [source({ alice: 'secret', 'bøb "the"': 'päß' })],
    replay: { firstUse: (nonce, count) => { const k = `${nonce}/${count}`; const first = !used.has(k); used.add(k); return Promise.resolve(first); } },
    secrets: { get: () => Promise.resolve(Buffer.alloc(32, options.key ?? 'k')) }, hostId: options.hostId ?? 'host-1', clock, log: silent,
  });
  await authenticator.loadKey();
  return { authenticator, advance: (seconds) => { now += seconds * 1000; } };
}

function request(authorization: string | undefined, target = '/calendars/', method = 'PROPFIND'): AuthRequest {
  return { method, target, headers: authorization === undefined ? {} : { authorization }, secure: false, address: '127.0.0.1', connection: undefined };
}

interface Answer { readonly account?: string; readonly password?: string; readonly algorithm?: DigestAlgorithm; readonly nc?: string; readonly uri?: string; readonly qop?: string; readonly realm?: string; readonly session?: boolean; readonly method?: string }

function answer(challenge: string, { account = 'alice', password = 'secret', nc = '00000001', uri = '/calendars/', qop = 'auth', realm = REALM, session = false, method = 'PROPFIND' }: Answer = {}): string {
  const fields = new Map([...challenge.matchAll(/([\w-]+)=(?:"([^"]*)"|([^\s,]+))/g)].map((m) => [m[1]!, m[2] ?? m[3]!]));
  const algorithm = fields.get('algorithm') as DigestAlgorithm;
  const nonce = fields.get('nonce')!;
  const ha1 = createHash(algorithm === 'MD5' ? 'md5' : 'sha256').update(`${account}:${realm}:${password}`).digest('hex');
  const response = responseFor({ algorithm, session, uri, nonce, cnonce: 'c0ffee', nc }, ha1, method);
  const quoted = account.replace(/["\\]/g, '\\$&');
  return `Digest username="${quoted}", realm="${realm}", nonce="${nonce}", uri="${uri}", algorithm=${algorithm}${session ? '-sess' : ''}, qop=${qop}, nc=${nc}, cnonce="c0ffee", response="${response}"`;
}

describe('the Digest arithmetic', () => {
  const vector = { session: false, uri: '/dir/index.html', nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v', cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ', nc: '00000001' };
  it.each([['MD5', 'md5', '8ca523f5e9506fed4657c9700eebdbec'], ['SHA-256', 'sha256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1']] as const)(
    'gives the %s response of RFC 7616 §3.9.1', (algorithm, name, expected) => {
      const ha1 = createHash(name).update('Mufasa:http-auth@example.org:Circle of Life').digest('hex');
      expect(responseFor({ ...vector, algorithm }, ha1, 'GET')).toBe(expected);
    });
});

describe('the Digest field', () => {
  it('reads tokens, quoted strings and escapes', () => {
    expect(readDigestHeader('Digest username="a\\"b", nc=00000001 , x=y')).toEqual(new Map([['username', 'a"b'], ['nc', '00000001'], ['x', 'y']]));
  });
  it('takes octets for UTF-8, and for Latin-1 where they are no UTF-8 (RFC 7616 §4)', () => {
    expect(readDigestHeader(`Digest username="${Buffer.from('bøb').toString('latin1')}"`)).toEqual(new Map([['username', 'bøb']]));
    expect(readDigestHeader('Digest username="b\xf8b"')).toEqual(new Map([['username', 'bøb']]));
  });
  it('leaves other schemes alone', () => { expect(readDigestHeader('Basic YTpi')).toBeUndefined(); });
  it.each(['Digest username="a", username="b"', 'Digest username="a', 'Digest =x', 'Digest a b c'])('refuses %s', (field) => {
    expect(readDigestHeader(field)).toBe('malformed');
  });
  it('ends on long hostile input', () => {
    expect(readDigestHeader(`Digest ${'a="b\\'.repeat(5_000)}`)).toBe('malformed');
  });
});

describe('DigestAuthenticator', () => {
  it('offers SHA-256 before MD5, each with its own nonce (RFC 7616 §3.7)', async () => {
    const { authenticator } = await given();
    const [first, second] = await authenticator.challenge(request(undefined));
    expect(first).toContain('algorithm=SHA-256');
    expect(second).toContain('algorithm=MD5');
    expect(/nonce="([^"]+)"/.exec(first!)![1]).not.toBe(/nonce="([^"]+)"/.exec(second!)![1]);
  });

  it('offers only what a source can answer', async () => {
    const { authenticator } = await given({ sources: [source({ alice: 'secret' }, ['MD5'])] });
    expect(await authenticator.challenge(request(undefined))).toHaveLength(1);
  });

  it('accepts both algorithms, -sess, names with quotes and UTF-8, and proves itself in Authentication-Info (§3.5)', async () => {
    const { authenticator } = await given();
    const [sha, md5] = await authenticator.challenge(request(undefined));
    expect(await authenticator.authenticate(request(answer(sha!)))).toMatchObject({ kind: 'accepted', account: 'alice' });
    expect(await authenticator.authenticate(request(answer(md5!)))).toMatchObject({ kind: 'accepted', account: 'alice' });
    expect(await authenticator.authenticate(request(answer(md5!, { session: true, nc: '00000002' })))).toMatchObject({ kind: 'accepted' });
    const outcome = await authenticator.authenticate(request(answer(sha!, { account: 'bøb "the"', password: 'päß', nc: '00000002' })));
    expect(outcome).toMatchObject({ kind: 'accepted', account: 'bøb "the"' });
    if (outcome.kind === 'accepted') expect(outcome.responseHeaders?.[0]?.[1]).toMatch(/^rspauth="[0-9a-f]{64}", qop=auth/);
  });

  it('says stale for a count that was used before, and for an old nonce, and for one of another deployment', async () => {
    const { authenticator, advance } = await given();
    const [sha] = await authenticator.challenge(request(undefined));
    await authenticator.authenticate(request(answer(sha!)));
    const stale = { kind: 'rejected', challenge: [expect.stringContaining('stale=true'), expect.stringContaining('stale=true')] };
    expect(await authenticator.authenticate(request(answer(sha!)))).toMatchObject(stale);
    advance(301);
    expect(await authenticator.authenticate(request(answer(sha!, { nc: '00000002' })))).toMatchObject(stale);
    const other = await given({ key: 'z' });
    const [foreign] = await other.authenticator.challenge(request(undefined));
    expect(await authenticator.authenticate(request(answer(foreign!)))).toMatchObject(stale);
  });

  it.each([
    ['a wrong password', { password: 'wrong' }], ['an unknown account', { account: 'mallory' }], ['another uri', { uri: '/other/' }],
    ['another method', { method: 'GET' }], ['another realm', { realm: 'Elsewhere' }], ['no qop=auth', { qop: 'auth-int' }], ['a count that is no count', { nc: 'xyz' }],
  ] as const)('refuses %s without a stale hint', async (_, change) => {
    const { authenticator } = await given();
    const [sha] = await authenticator.challenge(request(undefined));
    const outcome = await authenticator.authenticate(request(answer(sha!, change)));
    expect(outcome.kind).toBe('rejected');
    if (outcome.kind === 'rejected') expect(outcome.challenge).toBeUndefined();
  });

  it('takes a response whose uri is absolute', async () => {
    const { authenticator } = await given();
    const [sha] = await authenticator.challenge(request(undefined));
    expect(await authenticator.authenticate(request(answer(sha!, { uri: 'http://cal.example.com/calendars/' })))).toMatchObject({ kind: 'accepted' });
  });
});
