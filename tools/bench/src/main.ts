/** The command line of `caldav-bench`: one server that runs already, or ours beside a peer. See `--help`, and docs/benchmarks.md for the method. */
import { parseArgs } from 'node:util';
import { PEER_NAMES, compare } from './compare.ts';
import { measureOne } from './measure-one.ts';
import { OPERATIONS } from './operations.ts';
import type { Operation } from './operations.ts';

const HELP = `caldav-bench --url CALENDAR-HOME [options]      one server that runs already
caldav-bench compare --peer NAME [options]      ours and a peer (${PEER_NAMES.join(', ')}), started and ended here, in turns
caldav-bench log-ins [options]                  a GET by each way to log in, one process and several, beside Cyrus, in turns (Node 24)
caldav-bench directory [options]                searching a directory server: raw, through the plugin, and over HTTP, in turns

  --url URL          calendar home on this machine; a calendar is made below it and deleted in the end
  --user, --password (bench)      --auth basic|digest|none (basic)
  --pids 12,34       the server's processes: their CPU a request is printed
  --keep             leave the calendar there

  --turns 2          of compare: how often each is measured in turn
  --config FILE      of compare: ours (config/examples/laptop.yaml)

  --parts a,b        of log-ins: of file, ldap, kerberos, cyrus (file); or crowd: --crowd 20000 people once each, in memory
  --people 100000    of directory and log-ins: in the OpenLDAP that is started (Debian: slapd, ldap-utils, openssl)
  --url URL          of directory: ldap(s):// with the same people instead; with --base DN, --bind-dn DN, --password, --ca FILE
  --rounds 100       of directory: so often 20 of each question in each way

  --n 1000           objects in the calendar; compare takes several: 1000,10000
  --clients 1,8      connections, one run each
  --ops a,b          of: ${OPERATIONS.join(', ')}
  --seconds 3        per operation and client count, after --warm 0.5 that do not count
  --json             figures as JSON`;

class UsageProblem extends Error {}

export async function main(args: readonly string[]): Promise<number> {
  try {
    return await run(args);
  } catch (error) {
    if (!(error instanceof UsageProblem) && !(error instanceof TypeError && 'code' in error)) throw error;
    console.error(`caldav-bench: ${error.message}`);
    return 2;
  }
}

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args], allowPositionals: true,
    options: {
      url: { type: 'string' }, user: { type: 'string', default: 'bench' }, password: { type: 'string', default: 'bench' }, auth: { type: 'string', default: 'basic' },
      pids: { type: 'string', default: '' }, keep: { type: 'boolean', default: false },
      parts: { type: 'string', default: 'file' }, crowd: { type: 'string', default: '20000' }, people: { type: 'string', default: '100000' }, base: { type: 'string', default: '' }, 'bind-dn': { type: 'string', default: '' }, ca: { type: 'string' }, rounds: { type: 'string', default: '100' },
      peer: { type: 'string' }, turns: { type: 'string', default: '2' }, config: { type: 'string' },
      n: { type: 'string', default: '1000' }, clients: { type: 'string', default: '1,8' }, ops: { type: 'string', default: OPERATIONS.join(',') },
      seconds: { type: 'string', default: '3' }, warm: { type: 'string', default: '0.5' }, json: { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
    },
  });
  const [command] = positionals;
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (command === 'directory') {
    const reached = values.url === undefined ? undefined : { url: values.url, base: values.base, bindDn: values['bind-dn'], bindPassword: values.password, ca: values.ca };
    // The plugins that it needs are loaded for nothing else.
    const { measureDirectory } = await import('./directory/directory.ts');
    return await measureDirectory({ reached, people: positive(values.people, '--people'), inARow: 20, rounds: positive(values.rounds, '--rounds'), json: values.json }) ? 0 : 1;
  }
  if (command === 'log-ins') {
    if (values.parts === 'crowd') {
      const { measureCrowd } = await import('./log-ins/crowd.ts');
      return await measureCrowd({ people: positive(values.people, '--people'), crowd: positive(values.crowd, '--crowd') }) ? 0 : 1;
    }
    const { PARTS, measureLogIns } = await import('./log-ins/log-ins.ts');
    const parts = values.parts.split(',');
    const unknown = parts.find((part) => !PARTS.includes(part));
    if (unknown !== undefined) throw new UsageProblem(`unknown part ${unknown}; there are ${PARTS.join(', ')}`);
    const times = { turns: positive(values.turns, '--turns'), seconds: positive(values.seconds, '--seconds'), warmSeconds: positive(values.warm, '--warm') };
    return await measureLogIns({ ...times, people: positive(values.people, '--people'), parts, json: values.json }) ? 0 : 1;
  }
  const operations = values.ops.split(',').map(operationNamed);
  const duration = { seconds: positive(values.seconds, '--seconds'), warmSeconds: positive(values.warm, '--warm') };
  const plan = { clients: values.clients.split(',').map((text) => positive(text, '--clients')), operations, duration };
  const sizes = values.n.split(',').map((text) => positive(text, '--n'));
  if (command === 'compare') {
    if (values.peer === undefined || !PEER_NAMES.includes(values.peer)) throw new UsageProblem(`--peer is one of ${PEER_NAMES.join(', ')}`);
    return await compare({ peer: values.peer, sizes, turns: positive(values.turns, '--turns'), plan, config: values.config, json: values.json }) ? 0 : 1;
  }
  if (command !== undefined || values.url === undefined) throw new UsageProblem(command === undefined ? '--url or `compare` is wanted; --help tells more' : `no command ${command}`);
  const home = new URL(values.url);
  if (!/^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(home.hostname)) throw new UsageProblem('loopback targets only; a benchmark is load');
  const target = { name: home.host, home, account: { user: values.user, password: values.password, scheme: schemeNamed(values.auth) }, pids: values.pids.split(',').filter((pid) => pid !== '').map(Number) };
  return await measureOne(target, { ...plan, total: sizes[0]! }, { json: values.json, keep: values.keep }) ? 0 : 1;
}

function operationNamed(name: string): Operation {
  const operation = OPERATIONS.find((one) => one === name);
  if (operation === undefined) throw new UsageProblem(`unknown operation ${name}`);
  return operation;
}

function schemeNamed(name: string): 'basic' | 'digest' | 'none' {
  if (name === 'basic' || name === 'digest' || name === 'none') return name;
  throw new UsageProblem(`unknown --auth ${name}`);
}

function positive(text: string, option: string): number {
  const number = Number(text);
  if (!(number > 0) || !Number.isFinite(number)) throw new UsageProblem(`${option} wants numbers above 0, not ${text}`);
  return number;
}
