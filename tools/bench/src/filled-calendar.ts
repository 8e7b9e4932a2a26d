/** One calendar on one server, filled, measured operation by operation, and taken away again. */
import { Client } from './client.ts';
import type { Account } from './client.ts';
import { sample } from './data-set.ts';
import { figuresOf, measure } from './measure.ts';
import type { Duration, Figures, Tally } from './measure.ts';
import { Scenario } from './operations.ts';
import type { Operation } from './operations.ts';
import { makeCalendar } from './requests.ts';
import { ServerUsage } from './server-usage.ts';

export interface Target { readonly name: string; /** The calendar home. */ readonly home: URL; readonly account: Account; /** Root processes; empty: not known. */ readonly pids: readonly number[] }

const FILLING_CLIENTS = 4;
const TIMEOUT_MILLISECONDS = 120_000;
/** The same for every server: only UIDs differ, by collection. */
const SEED = 'seed1';

export class FilledCalendar implements AsyncDisposable {
  readonly name: string;
  readonly usage: ServerUsage;
  readonly filledPerSecond: number;
  readonly #clients: readonly Client[];
  readonly #collection: string;
  readonly #scenario: Scenario;
  readonly #keep: boolean;

  private constructor(name: string, parts: { usage: ServerUsage; filledPerSecond: number; clients: readonly Client[]; collection: string; scenario: Scenario; keep: boolean }) {
    this.name = name;
    this.usage = parts.usage;
    this.filledPerSecond = parts.filledPerSecond;
    this.#clients = parts.clients;
    this.#collection = parts.collection;
    this.#scenario = parts.scenario;
    this.#keep = parts.keep;
  }

  /** `clients`: the most that will be measured with. @throws Error when the calendar cannot be made or filled */
  static async make({ name, home, account, pids }: Target, options: { readonly total: number; readonly clients: number; readonly keep?: boolean }): Promise<FilledCalendar> {
    const clients = Array.from({ length: Math.max(FILLING_CLIENTS, options.clients) }, () => new Client(home, account, TIMEOUT_MILLISECONDS));
    const collection = `${home.pathname.replace(/\/?$/, '/')}bench-${Date.now().toString(36)}/`;
    try {
      const made = await clients[0]!.send('MKCALENDAR', collection, { 'Content-Type': 'application/xml' }, makeCalendar);
      if (made.status !== 201) throw new Error(`${name}: MKCALENDAR answered ${String(made.status)}: ${made.body.subarray(0, 300).toString()}`);
      const given = { total: options.total, seed: SEED, salt: collection };
      const objects = Array.from({ length: given.total }, (_, at) => sample(at, given));
      const scenario = new Scenario(collection, objects, given);
      const began = performance.now();
      let next = 0;
      await Promise.all(clients.slice(0, FILLING_CLIENTS).map(async (client) => {
        while (next < objects.length) await scenario.put(client, objects[next++]!, true);
      }));
      const filledPerSecond = objects.length / ((performance.now() - began) / 1000);
      return new FilledCalendar(name, { usage: new ServerUsage(pids), filledPerSecond, clients, collection, scenario, keep: options.keep ?? false });
    } catch (error) {
      for (const client of clients) client.close();
      throw error;
    }
  }

  measure(operation: Operation, clients: number, duration: Duration): Promise<Tally> {
    return measure(this.#scenario.workload(operation, this.#clients[0]!), this.#clients.slice(0, clients), duration, this.usage);
  }

  figures(tallies: readonly Tally[]): Figures {
    return figuresOf(tallies, this.usage);
  }

  /** To be called before any operation but `delete`. */
  settle(): Promise<void> {
    return this.#scenario.settle(this.#clients[0]!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      if (!this.#keep) await this.#clients[0]!.send('DELETE', this.#collection);
    } finally {
      for (const client of this.#clients) client.close();
    }
  }
}
