/**
 * Runs one operation over and over on some connections and says how long it took and what the server spent. A failed or wrong answer is counted, never timed.
 */
import type { Answer, Client } from './client.ts';
import type { ServerUsage } from './server-usage.ts';

export interface Figures {
  readonly requests: number; readonly perSecond: number;
  /** Milliseconds. */ readonly p50: number; readonly p95: number; readonly p99: number;
  /** Of the server, milliseconds a request; undefined without pids. */ readonly cpu: number | undefined;
  readonly kibibytes: number; readonly failures: number; readonly firstFailure: string | undefined;
}

export interface Workload {
  /** Sends, checks the answer (throws when it is wrong) and returns it. */ run(client: Client, turn: number): Promise<Answer>;
  /** Before each round of `perRound` requests; neither timed nor counted. */ readonly prepare?: () => Promise<void>;
  readonly perRound?: number; readonly most?: number;
}

const LEAST_REQUESTS = 3;
/** An operation whose first answers all fail is given up. */
const HOPELESS = 10;

export async function measure(workload: Workload, clients: readonly Client[], seconds: number, usage: ServerUsage): Promise<Figures> {
  const latencies: number[] = [];
  let [turn, octets, failures, spent, cpu] = [0, 0, 0, 0, 0];
  let firstFailure: string | undefined;
  const most = workload.most ?? Infinity;
  const step = async (client: Client, timed: boolean): Promise<void> => {
    try {
      const answer = await workload.run(client, turn++);
      if (!timed) return;
      latencies.push(answer.milliseconds);
      octets += answer.body.length;
    } catch (error) {
      failures++;
      firstFailure ??= error instanceof Error ? error.message.slice(0, 300) : String(error);
    }
  };
  const done = (): boolean => turn >= most || (failures >= HOPELESS && latencies.length === 0) || (spent >= seconds * 1000 && latencies.length + failures >= LEAST_REQUESTS);
  await workload.prepare?.();
  await step(clients[0]!, false);
  for (let round = 0; !done(); round++) {
    if (round > 0) await workload.prepare?.();
    let left = workload.perRound ?? Infinity;
    const [began, cpuBefore] = [performance.now(), usage.cpuMilliseconds()];
    await Promise.all(clients.map(async (client) => {
      while (left-- > 0 && turn < most && !(failures >= HOPELESS && latencies.length === 0)
        && (spent + performance.now() - began < seconds * 1000 || latencies.length + failures < LEAST_REQUESTS)) await step(client, true);
    }));
    spent += performance.now() - began;
    cpu += usage.cpuMilliseconds() - cpuBefore;
    if (workload.prepare === undefined) break;
  }
  const sorted = latencies.sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
  return {
    requests: sorted.length, perSecond: sorted.length / (spent / 1000), p50: at(0.5), p95: at(0.95), p99: at(0.99),
    cpu: usage.known ? cpu / Math.max(1, sorted.length + failures) : undefined, kibibytes: octets / 1024 / Math.max(1, sorted.length), failures, firstFailure,
  };
}
