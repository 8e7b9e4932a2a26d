/**
 * How long refusals take, at a server with a file and an OpenLDAP: a measurement and no test, since time is never the same twice. For each kind of account the
 * median, and how well one could tell it from an account that there is not by the time alone (0.5: not at all, 1: surely; the area under the ROC curve).
 *
 *     node --conditions=kalends-source test/integration/src/directories/refusal-times.ts [rounds]
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setPassword } from '@kalends/directory-file';
import { startOpenLdap } from '@kalends/test-services';
import { startServerProcess } from '../server-process.ts';

const ROUNDS = Number(process.argv[2] ?? 150);
const KINDS = ['fay (file)', 'shut (file, disabled)', 'bob (both)', 'alice (LDAP)', 'off (LDAP, disabled)', 'nobody'] as const;

const ldap = await startOpenLdap();
const folder = await mkdtemp(join(tmpdir(), 'kalends-times-'));
const file = join(folder, 'people.yaml');
await writeFile(file, ['users:', ...['fay', 'bob', 'shut'].map((name, at) => `  - { id: f0000000-0000-4000-8000-00000000000${String(at)}, name: ${name}, enabled: ${String(name !== 'shut')} }`), ''].join('\n'));
for (const user of ['fay', 'bob', 'shut']) await setPassword({ file, user, password: 'fay-password', realms: ['Kalends'] });
const config = join(folder, 'caldavd.yaml');
await writeFile(config, [
  'server: { trusted-proxies: [127.0.0.1] }', 'plugins:', '  storage: { use: storage-flat-file }', '  people: { use: directory-file, with: { file: ./people.yaml } }',
  '  ldap: { use: directory-open-directory, with: { url: { env: LDAP_URL }, base: { env: LDAP_BASE }, bind-dn: { env: LDAP_BIND_DN }, bind-password: { env: LDAP_BIND_PW }, ca: { env: LDAP_CA }, users: { enabled: { attribute: calStatus, values: [active] } } } }',
  '  basic: { use: auth-basic }', '  app-passwords: { use: app-passwords }', '',
].join('\n'));
const server = await startServerProcess({ config, data: join(folder, 'data'), env: ldap.env });
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** Each guess comes from a client of its own, so that none is slowed or refused for what came before. */
let client = 0;
function guess(account: string, password: string): Promise<number> {
  const { hostname, port } = new URL(server.url);
  const began = performance.now();
  const headers = { depth: '0', 'x-forwarded-for': `10.${String(++client >> 16)}.${String((client >> 8) & 255)}.${String(client & 255)}`, 'x-forwarded-proto': 'https', authorization: `Basic ${Buffer.from(`${account}:${password}`).toString('base64')}` };
  return new Promise((resolve, reject) => {
    request({ hostname, port, method: 'PROPFIND', path: '/', headers, agent }, (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 401) resolve(performance.now() - began);
        else reject(new Error(`answered ${String(response.statusCode)}`));
      });
    }).once('error', reject).end();
  });
}

const times = new Map<string, number[]>(KINDS.map((kind) => [kind, []]));
for (let round = -5; round < ROUNDS; round++) {
  for (const kind of KINDS.toSorted(() => Math.random() - 0.5)) {
    const name = kind === 'nobody' ? `nobody${randomBytes(4).toString('hex')}` : kind.split(' ')[0]!;
    const taken = await guess(name, round % 2 === 0 ? randomBytes(6).toString('hex') : 'abcde-fghij-kmnpq-rstuv');
    if (round >= 0) times.get(kind)!.push(taken);
  }
}

const median = (all: readonly number[]): number => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;
/** How often one of `some` takes longer than one of `others`, ties counted half. */
function separation(some: readonly number[], others: readonly number[]): number {
  let wins = 0;
  for (const one of some) for (const other of others) wins += one > other ? 1 : one === other ? 0.5 : 0;
  return wins / (some.length * others.length);
}
const nobody = times.get('nobody')!;
for (const [kind, taken] of times) console.log(`${kind.padEnd(24)} median ${median(taken).toFixed(2).padStart(8)} ms   told from nobody ${separation(taken, nobody).toFixed(3)}`);

agent.destroy();
await server[Symbol.asyncDispose]();
await ldap[Symbol.asyncDispose]();
await rm(folder, { recursive: true, force: true });
