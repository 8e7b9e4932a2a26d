/**
 * Digest (RFC 7616) over three workers: counts of one nonce that arrive out of order at different processes, replays at another than the first, kept connections and
 * new ones; and the field as real clients write it. The client's side is written here once more, from the RFC.
 */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith, describeWithPython, execute } from './programs.ts';
import { ask, linesTo, startWorkers } from './several-workers.ts';
import type { Asked, Line, SeveralWorkers, WorkerAnswer } from './several-workers.ts';

const ODD = 'bø"b \\ö';
const PEOPLE = `users:
  - { id: u-alice, name: alice, password: wonder }
  - { id: u-odd, name: odd, accounts: [${JSON.stringify(ODD)}], password: "pä:ß" }
`;
const REALM = 'Kalends';
let server: SeveralWorkers;
let lines: readonly Line[];
beforeAll(async () => {
  server = await startWorkers({ people: PEOPLE, sections: 'server: { trusted-proxies: [127.0.0.1] }' });
  lines = await linesTo(server.url, 3);
});
afterAll(async () => {
  for (const line of lines) line[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

const h = (algorithm: string, text: string): string => createHash(/^md5/i.test(algorithm) ? 'md5' : 'sha256').update(text).digest('hex');
interface Claim { readonly nonce: string; readonly nc: string; readonly cnonce: string; readonly uri: string; readonly response: string; readonly algorithm: string }
interface Say { readonly account?: string; readonly password?: string; readonly nc?: number | string; readonly uri?: string; readonly method?: string; readonly algorithm?: string }
/** RFC 7616 §3.4.1, -sess included. */
function claim(nonce: string, { account = 'alice', password = 'wonder', nc = 1, uri = '/', method = 'PROPFIND', algorithm = 'SHA-256' }: Say = {}): Claim {
  const [count, cnonce] = [typeof nc === 'string' ? nc : nc.toString(16).padStart(8, '0'), 'c0ffee'];
  const first = h(algorithm, `${account}:${REALM}:${password}`);
  const ha1 = /-sess$/i.test(algorithm) ? h(algorithm, `${first}:${nonce}:${cnonce}`) : first;
  return { nonce, nc: count, cnonce, uri, algorithm, response: h(algorithm, `${ha1}:${nonce}:${count}:${cnonce}:auth:${h(algorithm, `${method}:${uri}`)}`) };
}
const field = ({ nonce, nc, cnonce, uri, response, algorithm }: Claim, username = 'username="alice"'): string =>
  `Digest ${username}, realm="${REALM}", nonce="${nonce}", uri="${uri}", algorithm=${algorithm}, qop=auth, nc=${nc}, cnonce="${cnonce}", response="${response}"`;

async function nonceFor(algorithm = 'SHA-256', from: { ask(asked: Asked): Promise<WorkerAnswer> } = lines[0]!): Promise<string> {
  const { headers } = await from.ask({ method: 'PROPFIND' });
  const challenges = String(headers['www-authenticate']).split(/, (?=Digest |Basic )/);
  return /nonce="([^"]*)"/.exec(challenges.find((one) => one.startsWith('Digest') && one.includes(`algorithm=${algorithm},`))!)![1]!;
}
const propfind = (authorization: string, target = '/', depth = '0'): Asked => ({ method: 'PROPFIND', target, headers: { authorization, depth } });
const isStale = ({ headers }: WorkerAnswer): boolean => String(headers['www-authenticate']).includes('stale=true');
/** Every wrong answer is counted against this client; a right one is the end of that. */
async function right(): Promise<void> {
  expect((await lines[1]!.ask(propfind(field(claim(await nonceFor()))))).status).toBe(207);
}

describe('one nonce at three workers', { timeout: 60_000 }, () => {
  it('is good at all of them, its counts in any order, each once (RFC 7616 §3.4)', async () => {
    const nonce = await nonceFor();
    const order = [3, 1, 2, 9, 5, 4, 8, 6, 7, 40, 12, 39];
    const answers: WorkerAnswer[] = [];
    for (const [at, nc] of order.entries()) answers.push(await lines[at % 3]!.ask(propfind(field(claim(nonce, { nc })))));
    expect(answers.map(({ status }) => status)).toEqual(order.map(() => 207));
    expect(new Set(answers.map(({ worker }) => worker)).size).toBe(3);
    for (const [at, nc] of order.entries()) {
      const again = await lines[(at + 1) % 3]!.ask(propfind(field(claim(nonce, { nc }))));
      expect([again.status, isStale(again)], String(nc)).toEqual([401, true]);
    }
  });

  it('takes a count once when all workers are shown it in the same moment', async () => {
    const nonce = await nonceFor();
    for (let nc = 1; nc <= 20; nc++) {
      const answers = await Promise.all([...lines, ...lines].map((line) => line.ask(propfind(field(claim(nonce, { nc }))))));
      expect(answers.map(({ status }) => status).sort()).toEqual([207, 401, 401, 401, 401, 401]);
    }
  });

  it('takes sixty parallel requests of one client, on connections of their own and on kept ones, and proves itself in each answer (§3.5)', async () => {
    const nonce = await nonceFor();
    const answers = await Promise.all(Array.from({ length: 60 }, (_, at) => {
      const asked = propfind(field(claim(nonce, { nc: 60 - at })));
      return at % 2 === 0 ? ask(server.url, asked) : lines[at % 3]!.ask(asked);
    }));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 207));
    expect(new Set(answers.map(({ worker }) => worker)).size).toBe(3);
    for (const [at, { headers }] of answers.entries()) {
      const { nc, response } = claim(nonce, { nc: 60 - at, method: '' });
      expect(headers['authentication-info']).toBe(`rspauth="${response}", qop=auth, cnonce="c0ffee", nc=${nc}`);
    }
  });

  it('forgets counts that are far behind: stale, and not wrong', async () => {
    const nonce = await nonceFor();
    expect((await lines[0]!.ask(propfind(field(claim(nonce, { nc: 500 }))))).status).toBe(207);
    expect((await lines[1]!.ask(propfind(field(claim(nonce, { nc: 400 }))))).status).toBe(207);
    const behind = await lines[2]!.ask(propfind(field(claim(nonce, { nc: 300 }))));
    expect([behind.status, isStale(behind)]).toEqual([401, true]);
  });

  it('that no worker issued is stale, and so is one with a letter changed', async () => {
    const nonce = await nonceFor();
    for (const other of ['made-up', nonce.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')), `${nonce}.`]) {
      const answer = await lines[1]!.ask(propfind(field(claim(other))));
      expect([answer.status, isStale(answer)], other).toEqual([401, true]);
    }
  });

  it('refuses what is wrong without a hint to try again: count, uri, method, password, qop, realm', async () => {
    const nonce = await nonceFor();
    const good = claim(nonce);
    const wrong: Readonly<Record<string, string>> = {
      'a count of another form': field(claim(nonce, { nc: '1' })), 'a count that is none': field(claim(nonce, { nc: '0000000g' })), 'a count that was not signed': field({ ...good, nc: '00000002' }),
      'another uri': field(claim(nonce, { uri: '/principals/' })), 'a query that is not there': field(claim(nonce, { uri: '/?a' })), 'another method': field(claim(nonce, { method: 'GET' })),
      'another password': field(claim(nonce, { password: 'wrong' })), 'another account': field(claim(nonce, { account: 'mallory' }), 'username="mallory"'),
      'no qop (RFC 2069)': field(good).replace(' qop=auth,', ''), 'auth-int': field(good).replace('qop=auth', 'qop=auth-int'), 'another realm': field(good).replace(`realm="${REALM}"`, 'realm="Else"'),
      'both names (§3.4.4)': field(good, 'username="alice", username*=UTF-8\'\'alice'), 'SHA-512-256': field({ ...good, algorithm: 'SHA-512-256' }),
    };
    for (const [at, [title, authorization]] of Object.entries(wrong).entries()) {
      const answer = await lines[at % 3]!.ask(propfind(authorization));
      expect([answer.status, isStale(answer)], title).toEqual([401, false]);
      await right();
    }
    const zero = await lines[0]!.ask(propfind(field(claim(nonce, { nc: 0 }))));
    expect(zero.status).toBe(401);
    // None of that used the count up.
    expect((await lines[2]!.ask(propfind(field(good)))).status).toBe(207);
  });
});

/** As each writes its field: order, quotes and white space. */
const CLIENTS: Readonly<Record<string, { readonly algorithm: string; write(claim: Claim): string }>> = {
  'macOS and iOS (CFNetwork)': { algorithm: 'MD5', write: ({ nonce, uri, response, cnonce, nc }) => `Digest username="alice", realm="${REALM}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=MD5, cnonce="${cnonce}", nc=${nc}, qop="auth"` },
  'an older macOS, which quotes all': { algorithm: 'MD5', write: ({ nonce, uri, response, cnonce, nc }) => `Digest username="alice", realm="${REALM}", nonce="${nonce}", uri="${uri}", response="${response}", cnonce="${cnonce}", nc="${nc}", qop="auth", algorithm="MD5"` },
  'Thunderbird (Necko)': { algorithm: 'SHA-256', write: ({ nonce, uri, response, cnonce, nc }) => `Digest username="alice", realm="${REALM}", nonce="${nonce}", uri="${uri}", algorithm=SHA-256, response="${response}", qop=auth, nc=${nc}, cnonce="${cnonce}"` },
  'curl': { algorithm: 'SHA-256', write: ({ nonce, uri, response, cnonce, nc }) => `Digest username="alice",realm="${REALM}",nonce="${nonce}",uri="${uri}",cnonce="${cnonce}",nc=${nc},algorithm=SHA-256,response="${response}",qop=auth` },
  'python-requests': { algorithm: 'MD5', write: ({ nonce, uri, response, cnonce, nc }) => `Digest username="alice", realm="${REALM}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm="MD5", qop="auth", nc=${nc}, cnonce="${cnonce}"` },
  'one that leaves MD5 unsaid, as RFC 2617 did': { algorithm: 'MD5', write: ({ nonce, uri, response, cnonce, nc }) => `Digest username="alice", realm="${REALM}", nonce="${nonce}", uri="${uri}", qop=auth, nc=${nc}, cnonce="${cnonce}", response="${response}"` },
  'one in other letters': { algorithm: 'SHA-256', write: ({ nonce, uri, response, cnonce, nc }) => `DIGEST USERNAME="alice" ,Realm="${REALM}",\tnonce="${nonce}",uri="${uri}",ALGORITHM=sha-256,response="${response.toUpperCase()}",qop=auth,nc=${nc},cnonce="${cnonce}",opaque="x",userhash=false` },
  'one that hashes its session (MD5-sess)': { algorithm: 'MD5-sess', write: (given) => field(given) },
  'one that hashes its session (SHA-256-sess)': { algorithm: 'SHA-256-sess', write: (given) => field(given) },
};

describe('a client at three workers', () => {
  it.each(Object.entries(CLIENTS))('as %s: first without, then with the field, at another worker each time', async (_title, { algorithm, write }) => {
    const nonce = await nonceFor(algorithm.replace('-sess', ''), lines[2]);
    for (const [at, line] of lines.entries()) {
      const uri = at === 1 ? '/principals/?expand=a,b%20c="d"'.replaceAll('"', '%22') : '/principals/';
      // A count with a letter in it: it is signed as it is written.
      const nc = `0000000${['A', 'b', 'c'][at]!}`;
      expect((await line.ask(propfind(write(claim(nonce, { nc, uri, algorithm })), uri))).status, String(at)).toBe(207);
    }
  });

  it('that speaks to a proxy: absolute target, and uri absolute or not (§3.4.6, RFC 9112 §3.2.2)', async () => {
    const nonce = await nonceFor();
    const absolute = 'http://cal.example.com/principals/?a=b';
    for (const [at, [target, uri]] of ([[absolute, absolute], [absolute, '/principals/?a=b'], ['/principals/?a=b', absolute], ['/principals/', 'http://cal.example.com/principals/'], ['/', 'http://cal.example.com']] as const).entries()) {
      expect((await lines[at % 3]!.ask(propfind(field(claim(nonce, { nc: at + 1, uri })), target))).status, `${target} ${uri}`).toBe(207);
    }
    expect((await lines[0]!.ask(propfind(field(claim(nonce, { nc: 9, uri: 'http://cal.example.com/principals/?a=c' })), absolute))).status).toBe(401);
    await right();
  });

  it('asks OPTIONS of the whole server', async () => {
    const nonce = await nonceFor();
    expect((await lines[1]!.ask({ method: 'OPTIONS', target: '*', headers: { authorization: field(claim(nonce, { uri: '*', method: 'OPTIONS' })) } })).status).toBe(200);
  });

  it('whose name has quotes, backslashes and letters beyond ASCII: as UTF-8, as Latin-1, as username* (§3.4.4, §4)', async () => {
    const nonce = await nonceFor();
    const quoted = ODD.replaceAll(/["\\]/g, '\\$&');
    const names = [
      `username="${Buffer.from(quoted).toString('latin1')}"`, `username="${quoted}"`, `username*=UTF-8''${encodeURIComponent(ODD)}`, `username*=utf-8'de'${encodeURIComponent(ODD).toLowerCase()}`,
    ];
    for (const [at, name] of names.entries()) {
      expect((await lines[at % 3]!.ask(propfind(field(claim(nonce, { account: ODD, password: 'pä:ß', nc: at + 1 }), name)))).status, name).toBe(207);
    }
    for (const name of [`username*=UTF-8''%ff`, `username*=ISO-8859-1''b`, `username*="x"`]) expect((await lines[0]!.ask(propfind(field(claim(nonce, { nc: 20 }), name)))).status, name).toBe(401);
  });
});

describeWith('curl', 'curl with Digest at three workers', () => {
  it('logs in on one connection and on many, with a query, and with a name beyond ASCII', async () => {
    const curl = (...args: readonly string[]) => execute('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code} ', '--digest', '-X', 'PROPFIND', '-H', 'Depth: 0', ...args]);
    const urls = Array.from({ length: 6 }, (_, at) => `${server.url}/principals/?n=${String(at)}`);
    const outs = urls.flatMap(() => ['-o', '/dev/null']);
    expect((await curl('-u', 'alice:wonder', ...outs, ...urls)).stdout).toBe('207 '.repeat(6));
    const apart = await Promise.all(urls.map((url) => curl('-u', 'alice:wonder', '-H', 'Connection: close', url)));
    expect(apart.map(({ stdout }) => stdout)).toEqual(urls.map(() => '207 '));
    expect((await curl('-u', `${ODD}:pä:ß`, urls[0]!)).stdout).toBe('207 ');
  });
});

describeWithPython('requests', 'python-requests with Digest at three workers', () => {
  it('logs in with a session that keeps its nonce, and anew each time', async () => {
    const script = `
import requests, sys
from requests.auth import HTTPDigestAuth
url = sys.argv[1] + '/principals/?a=b'
session = requests.Session(); session.auth = HTTPDigestAuth('alice', 'wonder')
print([session.request('PROPFIND', url, headers={'Depth': '0'}).status_code for _ in range(6)])
print([requests.request('PROPFIND', url, headers={'Depth': '0', 'Connection': 'close'}, auth=session.auth).status_code for _ in range(6)])
print(requests.request('PROPFIND', url, headers={'Depth': '0'}, auth=HTTPDigestAuth('alice', 'wrong')).status_code)
`;
    const { stdout, stderr } = await execute('/usr/bin/python3', ['-c', script, server.url]);
    expect(stdout, stderr).toBe(`${JSON.stringify(Array(6).fill(207)).replaceAll(',', ', ')}\n${JSON.stringify(Array(6).fill(207)).replaceAll(',', ', ')}\n401\n`);
  });
});
