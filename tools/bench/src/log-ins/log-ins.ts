/**
 * `caldav-bench log-ins`: what a GET of one event costs the server by the way in which its reader logs in. All deployments run at once and are asked in turns, so that
 * what else the machine does falls on all. A proof by Basic is remembered for a minute: `basic` is that, `basic-first` spells the field anew each time.
 */
import { Client } from '../client.ts';
import type { Account } from '../client.ts';
import { sample } from '../data-set.ts';
import { figuresOf, measure } from '../measure.ts';
import type { Figures, Tally, Workload } from '../measure.ts';
import { makeCalendar } from '../requests.ts';
import { ServerUsage } from '../server-usage.ts';
import { startKdc, startLdap } from '../services.ts';
import { ROLES, startCyrusToLogIn, startOverFile, startOverLdap } from './deployments.ts';
import type { Deployment, Scheme } from './deployments.ts';

export interface LogInsPlan {
  readonly turns: number; readonly seconds: number; readonly warmSeconds: number; readonly people: number;
  /** Of `file`, `ldap`, `kerberos`, `cyrus`. */ readonly parts: readonly string[]; readonly json: boolean;
}
export const PARTS: readonly string[] = ['file', 'ldap', 'kerberos', 'cyrus'];
interface Row { readonly deployment: string; readonly scheme: Scheme; readonly figures: Figures; /** CPU milliseconds a request in the turn that had the least: other work on the machine only adds. */ readonly least: number }

const TIMEOUT_MILLISECONDS = 60_000;
const TICKETS = 200;
/** Spellings of one field: letters of the scheme's name, then spaces. */
const MOST_SPACES = 400;

/** @returns false when an answer was wrong */
export async function measureLogIns(plan: LogInsPlan): Promise<boolean> {
  await using stack = new AsyncDisposableStack();
  const deployments: Deployment[] = [];
  const has = (part: string): boolean => plan.parts.includes(part);
  const kdc = has('kerberos') ? stack.use(await startKdc()) : undefined;
  kdc?.addPrincipal('HTTP/localhost');
  kdc?.addPrincipal('bench', 'bench');
  const ldap = has('ldap') ? stack.use(await startLdap(plan.people)) : undefined;
  for (const role of ROLES) {
    if (has('file')) deployments.push(stack.use(await startOverFile(role, kdc)));
    if (ldap !== undefined) deployments.push(stack.use(await startOverLdap(role, ldap)));
  }
  if (has('cyrus')) deployments.push(stack.use(await startCyrusToLogIn()));
  const ways = [];
  for (const deployment of deployments) {
    const event = await putEvent(deployment);
    const usage = new ServerUsage(deployment.peer.pids);
    for (const scheme of deployment.schemes) ways.push({ deployment, scheme, usage, client: stack.adopt(new Client(deployment.peer.home, accountOf(deployment, scheme), TIMEOUT_MILLISECONDS), (client) => { client.close(); }), workload: workloadOf(deployment, scheme, event), tallies: [] as Tally[] });
  }
  for (let turn = 0; turn < plan.turns; turn++) for (const { workload, client, usage, tallies } of ways) tallies.push(await measure(workload, [client], plan, usage));
  const rows = ways.map(({ deployment, scheme, usage, tallies }): Row => ({ deployment: deployment.name, scheme, figures: figuresOf(tallies, usage), least: Math.min(...tallies.map(cpuOf)) }));
  console.log(plan.json ? JSON.stringify(rows, null, 1) : table(rows));
  return rows.every(({ figures }) => figures.failures === 0);
}

function cpuOf({ serverMilliseconds, latencies, failures }: Tally): number {
  return serverMilliseconds / Math.max(1, latencies.length + failures);
}

function accountOf({ peer: { account: { user, password } }, appPassword = '', tickets }: Deployment, scheme: Scheme): Account {
  switch (scheme) {
    case 'basic': return { user, password, scheme: 'basic' };
    case 'digest': return { user, password, scheme: 'digest' };
    case 'app-basic': return { user, password: appPassword, scheme: 'basic' };
    case 'app-digest': return { user, password: appPassword, scheme: 'digest' };
    case 'negotiate': return { user, password, scheme: 'none', field: () => tickets?.take() ?? '' };
    case 'basic-first': {
      let count = 0;
      return { user, password, scheme: 'none', field: () => spelled(`${user}:${password}`, count++) };
    }
  }
}

function spelled(pair: string, count: number): string {
  const letters = [...'basic'].map((letter, at) => (Math.floor(count / MOST_SPACES) >> at) & 1 ? letter.toUpperCase() : letter).join('');
  return `${letters}${' '.repeat(1 + count % MOST_SPACES)}${Buffer.from(pair).toString('base64')}`;
}

function workloadOf({ tickets }: Deployment, scheme: Scheme, { path, uid }: { readonly path: string; readonly uid: string }): Workload {
  return {
    run: async (client) => {
      const answer = await client.send('GET', path);
      if (answer.status !== 200 || !answer.body.includes(uid)) throw new Error(`${scheme}: GET answered ${String(answer.status)}`);
      return answer;
    },
    ...(scheme === 'negotiate' && tickets !== undefined ? { prepare: () => tickets.prepare(TICKETS), perRound: TICKETS } : {}),
  };
}

async function putEvent({ name, peer: { home, account } }: Deployment): Promise<{ readonly path: string; readonly uid: string }> {
  const client = new Client(home, { ...account, scheme: 'basic' }, TIMEOUT_MILLISECONDS);
  try {
    const collection = `${home.pathname.replace(/\/?$/, '/')}bench-log-ins/`;
    const object = sample(0, { total: 1, seed: 'log-ins', salt: name, todos: false });
    const made = await client.send('MKCALENDAR', collection, { 'Content-Type': 'application/xml' }, makeCalendar);
    const put = await client.send('PUT', collection + object.name, { 'Content-Type': 'text/calendar' }, object.octets);
    if (made.status !== 201 || put.status !== 201) throw new Error(`${name}: MKCALENDAR ${String(made.status)}, PUT ${String(put.status)}`);
    return { path: collection + object.name, uid: /^UID:(.*)$/m.exec(object.octets.toString())?.[1]?.trim() ?? object.name };
  } finally {
    client.close();
  }
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ deployment, scheme, least, figures: { cpu = 0, p50, perSecond, requests, failures, firstFailure } }) =>
    `| ${[deployment, scheme, least.toFixed(3), `${cpu.toFixed(3)}${failures > 0 ? ` ≠ ${firstFailure ?? ''}` : ''}`, p50.toFixed(2), perSecond.toFixed(0), String(requests)].join(' | ')} |`);
  return ['', '| people, processes | scheme | CPU ms a request, least turn | all turns | p50 ms | requests/s | requests |', '|---|---|---:|---:|---:|---:|---:|', ...lines].join('\n');
}
