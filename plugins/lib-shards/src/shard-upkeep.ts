/** What StoreMaintenance asks of any store on shards: who is there, and the sums. */
import type { HomeId, HomeOwner, PrincipalId, StoreStatistics } from '@kalends/contracts';
import { integer, text } from './database.ts';
import type { ReadSide } from './read-side.ts';
import * as sql from './read-statements.ts';

export class ShardUpkeep {
  readonly #shards: number;
  readonly #reads: ReadSide;

  constructor({ shards, reads }: { readonly shards: number; readonly reads: ReadSide }) {
    this.#shards = shards;
    this.#reads = reads;
  }

  /** Ascending by id, over all shards. */
  async homes(after: HomeId | undefined, limit: number): Promise<readonly { readonly home: HomeId; readonly owner: HomeOwner }[]> {
    const found: { home: HomeId; owner: HomeOwner }[] = [];
    for (let shard = 0; shard < this.#shards; shard++) {
      const rows = await this.#reads.read(shard, ({ database }) => database.statement(sql.homes).all(after ?? '', limit));
      for (const [id, kind, name] of rows) {
        found.push({ home: text(id) as HomeId, owner: { id: text(id) as PrincipalId, kind: text(kind) as HomeOwner['kind'], name: text(name) } });
      }
    }
    return found.sort((left, right) => (left.home < right.home ? -1 : 1)).slice(0, limit);
  }

  /** A row a kind and shard. */
  async statistics(): Promise<readonly StoreStatistics[]> {
    const sums = new Map<string, StoreStatistics>();
    for (let shard = 0; shard < this.#shards; shard++) {
      for (const row of await this.#reads.read(shard, ({ database }) => database.statement(sql.statistics).all())) {
        const kind = text(row[0]) as HomeOwner['kind'];
        const before = sums.get(kind) ?? { kind, homes: 0, calendars: 0, events: 0, todos: 0, octets: 0 };
        sums.set(kind, {
          kind, homes: before.homes + integer(row[1]), calendars: before.calendars + integer(row[2]), events: before.events + integer(row[3]),
          todos: before.todos + integer(row[4]), octets: before.octets + integer(row[5]),
        });
      }
    }
    return [...sums.values()].filter(({ homes }) => homes > 0);
  }
}
