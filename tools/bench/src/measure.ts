/**
 * Runs one operation over and over on some connections and tells how long it took and what the server spent. A failed or wrong answer is counted, never timed.
 */
import type { Answer, Client } from './client.ts';
import type { ServerUsage } from './server-usage.ts';

export interface Workload {
  /** Sends, checks the answer (throws when it is wrong) and returns it. */ run(client: Client, turn: number): Promise<Answer>;
  /** Before each round of `perRound` requests; neither timed nor counted. */ readonly prepare?: () => Promise<void>;
  readonly perRound?: number;
  /** Requests at most. */ readonly most?: number;
  /** Throws when what was done does not show. */ readonly afterwards?: () => Promise<void>;
}

export interface Tally {
  readonly latencies: readonly number[]; readonly octets: number;
  readonly failures: number; readonly firstFailure: string | undefined;
  readonly milliseconds: number; /** Of the server. */ readonly serverMilliseconds: number; /** Of this process. */ readonly ownMilliseconds: number;
}

export interface Figures {
  readonly requests: number; readonly perSecond: number;
  /** Milliseconds. */ readonly p50: number; readonly p95: number; readonly p99: number;
  /** CPU time of the server, milliseconds a request; undefined where its processes are not known. */ readonly cpu: number | undefined;
  /** CPU time of this process, cores: near 1 it is what limits the rate. */ readonly generator: number;
  readonly kibibytes: number; readonly failures: number; readonly firstFailure: string | undefined;
}

export interface Duration { readonly seconds: number; /** Run first, and forgotten: compilers and caches. */ readonly warmSeconds: number }

const LEAST_REQUESTS = 3;
/** Of an operation that can be done so many times only, this much may go into warming up. */
const WARM_SHARE = 0.1;
/** An operation whose first answers all fail is given up. */
const HOPELESS = 10;

export async function measure(workload: Workload, clients: readonly Client[], { seconds, warmSeconds }: Duration, usage: ServerUsage): Promise<Tally> {
  const run = new Run(workload, clients);
  const { most = Infinity } = workload;
  await run.rounds({ milliseconds: warmSeconds * 1000, least: 1, most: most * WARM_SHARE });
  run.forget();
  let [serverMilliseconds, ownMilliseconds] = [0, 0];
  await run.rounds({ milliseconds: seconds * 1000, least: LEAST_REQUESTS, most }, () => {
    const [server, own] = [usage.mark(), process.cpuUsage()];
    return () => {
      serverMilliseconds += usage.millisecondsSince(server);
      const { user, system } = process.cpuUsage(own);
      ownMilliseconds += (user + system) / 1000;
    };
  });
  await run.check();
  const { latencies, octets, failures, firstFailure, milliseconds } = run;
  return { latencies, octets, failures, firstFailure, milliseconds, serverMilliseconds, ownMilliseconds };
}

class Run {
  readonly #workload: Workload;
  readonly #clients: readonly Client[];
  latencies: number[] = [];
  octets = 0;
  failures = 0;
  firstFailure: string | undefined;
  turns = 0;
  milliseconds = 0;

  constructor(workload: Workload, clients: readonly Client[]) {
    this.#workload = workload;
    this.#clients = clients;
  }

  forget(): void {
    this.latencies = [];
    this.octets = 0;
    this.milliseconds = 0;
  }

  /** For so long, but at least `least` requests, and `most` in this and all rounds before. `meter` starts a measurement and gives back its end. */
  async rounds({ milliseconds, least, most }: { readonly milliseconds: number; readonly least: number; readonly most: number }, meter: () => () => void = () => () => undefined): Promise<void> {
    const { prepare, perRound = Infinity } = this.#workload;
    const [requestsBefore, spentBefore] = [this.#requests, this.milliseconds];
    let roundBegan = 0;
    const over = (): boolean => this.turns >= most || (this.failures >= HOPELESS && this.latencies.length === 0)
      || (this.milliseconds - spentBefore + (roundBegan === 0 ? 0 : performance.now() - roundBegan) >= milliseconds && this.#requests - requestsBefore >= least);
    do {
      await prepare?.();
      let left = perRound;
      const end = meter();
      roundBegan = performance.now();
      await Promise.all(this.#clients.map(async (client) => {
        while (left-- > 0 && !over()) await this.#step(client);
      }));
      this.milliseconds += performance.now() - roundBegan;
      roundBegan = 0;
      end();
    } while (!over());
  }

  async check(): Promise<void> {
    await this.#counted(async () => { await this.#workload.afterwards?.(); });
  }

  get #requests(): number {
    return this.latencies.length + this.failures;
  }

  async #step(client: Client): Promise<void> {
    await this.#counted(async () => {
      const { milliseconds, body } = await this.#workload.run(client, this.turns++);
      this.latencies.push(milliseconds);
      this.octets += body.length;
    });
  }

  async #counted(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.failures++;
      this.firstFailure ??= error instanceof Error ? error.message.slice(0, 300) : String(error);
    }
  }
}

/** Of one operation measured in several turns. */
export function figuresOf(tallies: readonly Tally[], usage: ServerUsage): Figures {
  const sum = (of: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + of(tally), 0);
  const sorted = Float64Array.from(tallies.flatMap(({ latencies }) => latencies)).sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
  const [requests, failures, milliseconds] = [sorted.length, sum((tally) => tally.failures), sum((tally) => tally.milliseconds)];
  return {
    requests, perSecond: requests / (milliseconds / 1000), p50: at(0.5), p95: at(0.95), p99: at(0.99),
    cpu: usage.known ? sum((tally) => tally.serverMilliseconds) / Math.max(1, requests + failures) : undefined,
    generator: sum((tally) => tally.ownMilliseconds) / milliseconds,
    kibibytes: sum((tally) => tally.octets) / 1024 / Math.max(1, requests), failures, firstFailure: tallies.find(({ firstFailure }) => firstFailure !== undefined)?.firstFailure,
  };
}
