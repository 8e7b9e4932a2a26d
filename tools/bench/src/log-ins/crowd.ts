/**
 * `caldav-bench log-ins --parts crowd`: many different people, each once, by Basic and a directory of more of them: what that leaves in memory. Printed as it grows,
 * for what is bounded grows to its bound and no further.
 */
import { Client } from '../client.ts';
import { ServerUsage } from '../server-usage.ts';
import { startLdap } from '../services.ts';
import { startOverLdap } from './deployments.ts';

const CLIENTS = 4;
const STEPS = 8;
const TIMEOUT_MILLISECONDS = 60_000;
const BODY = Buffer.from('<D:propfind xmlns:D="DAV:"><D:prop><D:current-user-principal/></D:prop></D:propfind>');

/** @returns false when somebody was not let in */
export async function measureCrowd({ people, crowd }: { readonly people: number; readonly crowd: number }): Promise<boolean> {
  await using ldap = await startLdap(people);
  await using deployment = await startOverLdap('single', ldap);
  const { peer } = deployment;
  const usage = new ServerUsage(peer.pids);
  let [next, wrong] = [0, 0];
  const logIn = async (until: number): Promise<void> => {
    let user = '';
    const client = new Client(peer.home, { user, password: '', scheme: 'none', field: () => `Basic ${Buffer.from(`${user}:${user}pw`).toString('base64')}` }, TIMEOUT_MILLISECONDS);
    while (next < until) {
      user = `bulk${String(++next).padStart(6, '0')}`;
      const answer = await client.send('PROPFIND', '/', { 'Content-Type': 'application/xml', Depth: '0' }, BODY);
      if (answer.status !== 207 || !answer.body.includes('/principals/__uids__/')) wrong++;
    }
    client.close();
  };
  // Compilers and the first connections.
  await logIn(200);
  const began = { memory: usage.memoryMebibytes(), mark: usage.mark() };
  console.log(`\n| people | PSS MiB |\n|---:|---:|\n| ${String(next)} | ${began.memory.toFixed(0)} |`);
  for (let step = 1; step <= STEPS; step++) {
    await Promise.all(Array.from({ length: CLIENTS }, () => logIn(Math.round(crowd * step / STEPS))));
    console.log(`| ${String(next)} | ${usage.memoryMebibytes().toFixed(0)} |`);
  }
  console.log(`\n${(usage.millisecondsSince(began.mark) / (next - 200)).toFixed(2)} ms CPU a log-in; ${String(wrong)} were answered wrong`);
  return wrong === 0;
}
