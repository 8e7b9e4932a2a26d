/**
 * What clients do all day, each as a Workload with its check: statuses always; counts of members, objects and instances against what the data set says.
 * `delete` takes away what `put-new` added, and `settle` the rest.
 */
import { randomFrom } from './random.ts';
import type { Answer, Client } from './client.ts';
import { sample } from './data-set.ts';
import type { Sample, SampleOptions } from './data-set.ts';
import type { Workload } from './measure.ts';
import { count, etagsOfAll, freeBusy, multiget, poll, query, responsesIn, syncSince, tokenIn } from './requests.ts';

export const OPERATIONS = [
  'put-new', 'delete', 'put-update', 'get', 'propfind-depth1', 'propfind-depth0', 'multiget50', 'query-month', 'query-expand', 'freebusy', 'sync-initial', 'sync-10', 'client-day',
] as const;
export type Operation = (typeof OPERATIONS)[number];

const XML = { 'Content-Type': 'application/xml; charset=utf-8' };
/** Large answers are checked now and then only: the check must not be what is measured. */
const ALWAYS_CHECKED_OCTETS = 65_536;

export class Scenario {
  readonly #collection: string;
  readonly #options: SampleOptions;
  readonly #objects: readonly Sample[];
  readonly #random = randomFrom('operations');
  readonly #months: readonly { readonly start: number; readonly end: number; readonly objects: number; readonly instances: number }[];
  readonly #added: Sample[] = [];
  readonly #tokens = new Map<Client, string>();
  #deleted: Sample | undefined;
  #next: number;
  #revision = 0;
  #token = '';

  constructor(collection: string, objects: readonly Sample[], options: SampleOptions) {
    this.#collection = collection;
    this.#options = options;
    this.#objects = objects;
    this.#next = objects.length;
    this.#months = [1, 2, 3, 4, 5, 6, 8, 9, 10].map((month) => {
      const [start, end] = [Date.UTC(2026, month, 1), Date.UTC(2026, month + 1, 1)];
      const each = objects.map(({ days }) => days.filter((day) => day >= start && day < end).length);
      return { start, end, objects: each.filter((k) => k > 0).length, instances: each.reduce((sum, k) => sum + k, 0) };
    });
  }

  workload(operation: Operation, first: Client): Workload {
    switch (operation) {
      case 'put-new': return { run: (client) => this.#putNew(client), most: 3_000 };
      case 'put-update': return { run: (client) => this.#update(client, this.#any()), most: 3_000, afterwards: () => this.#checkUpdate(first) };
      case 'get': return { run: (client) => this.#get(client) };
      case 'propfind-depth1': return { run: (client, turn) => this.#etags(client, turn) };
      case 'propfind-depth0': return { run: (client) => this.#poll(client) };
      case 'multiget50': return { run: (client) => this.#multiget(client, 50) };
      case 'query-month': return { run: (client, turn) => this.#query(client, turn, false) };
      case 'query-expand': return { run: (client, turn) => this.#query(client, turn, true) };
      case 'freebusy': return { run: (client, turn) => this.#freeBusy(client, turn) };
      case 'sync-initial': return { run: (client, turn) => this.#syncInitial(client, turn) };
      case 'sync-10': return { run: (client) => this.#syncTen(client), prepare: () => this.#changeTen(first), perRound: 20 };
      case 'client-day': return { run: (client) => this.#clientDay(client) };
      case 'delete': return { run: (client) => this.#delete(client), most: Math.max(1, this.#added.length), afterwards: () => this.#checkDelete(first) };
    }
  }

  async put(client: Client, object: Sample, fresh: boolean): Promise<Answer> {
    const headers = { 'Content-Type': 'text/calendar; charset=utf-8', ...(fresh ? { 'If-None-Match': '*' } : {}) };
    return expectStatus(await client.send('PUT', this.#collection + object.name, headers, object.octets), fresh ? [201] : [200, 201, 204]);
  }

  /** Takes away what `put-new` left, so that queries find the data set as it was. */
  async settle(client: Client): Promise<void> {
    while (this.#added.length > 0) await this.#delete(client);
  }

  async #putNew(client: Client): Promise<Answer> {
    const object = sample(this.#next++, this.#options);
    const answer = await this.put(client, object, true);
    this.#added.push(object);
    return answer;
  }

  async #delete(client: Client): Promise<Answer> {
    const object = this.#added.pop();
    if (object === undefined) throw new Error('nothing left to delete');
    this.#deleted = object;
    return expectStatus(await client.send('DELETE', this.#collection + object.name), [200, 204]);
  }

  async #checkDelete(client: Client): Promise<void> {
    if (this.#deleted !== undefined) expectStatus(await client.send('GET', this.#collection + this.#deleted.name), [404, 410]);
  }

  async #checkUpdate(client: Client): Promise<void> {
    await this.#update(client, 0);
    const { body } = expectStatus(await client.send('GET', this.#collection + this.#objects[0]!.name), [200]);
    if (!body.includes(`(rev ${String(this.#revision)})`)) throw new Error('GET after PUT shows the old text');
  }

  /** Dates never change, so what queries must return stays known. */
  #update(client: Client, index: number): Promise<Answer> {
    return this.put(client, sample(index, { ...this.#options, revision: ++this.#revision }), false);
  }

  async #get(client: Client): Promise<Answer> {
    const object = this.#objects[this.#any()]!;
    const answer = expectStatus(await client.send('GET', this.#collection + object.name), [200]);
    if (!answer.body.includes(object.uid)) throw new Error('GET answered another object');
    return answer;
  }

  async #etags(client: Client, turn: number): Promise<Answer> {
    const answer = await this.#dav(client, 'PROPFIND', etagsOfAll, '1');
    if (checked(answer, turn)) atLeast('members', responsesIn(answer.body), this.#objects.length + this.#added.length);
    return answer;
  }

  async #poll(client: Client): Promise<Answer> {
    const answer = await this.#dav(client, 'PROPFIND', poll, '0');
    if (!/<(?:[\w.-]+:)?(?:getctag|sync-token)[^>]*>[^<]+</.test(answer.body.toString())) throw new Error('neither getctag nor sync-token');
    return answer;
  }

  async #multiget(client: Client, size: number): Promise<Answer> {
    const chosen = new Set<string>();
    while (chosen.size < Math.min(size, this.#objects.length)) chosen.add(this.#collection + this.#objects[this.#any()]!.name);
    const answer = await this.#dav(client, 'REPORT', multiget([...chosen]), '1');
    exactly('objects of a multiget', count(answer.body, 'BEGIN:VCALENDAR'), chosen.size);
    return answer;
  }

  async #query(client: Client, turn: number, expand: boolean): Promise<Answer> {
    const month = this.#months[turn % this.#months.length]!;
    const answer = await this.#dav(client, 'REPORT', query(month.start, month.end, expand), '1');
    if (!checked(answer, turn)) return answer;
    exactly('objects of a month', count(answer.body, 'BEGIN:VCALENDAR'), month.objects);
    if (expand) exactly('instances of a month', count(answer.body, 'BEGIN:VEVENT'), month.instances);
    return answer;
  }

  async #freeBusy(client: Client, turn: number): Promise<Answer> {
    const month = this.#months[turn % this.#months.length]!;
    const answer = expectStatus(await client.send('REPORT', this.#collection, { ...XML, Depth: '1' }, freeBusy(month.start, month.end)), [200]);
    atLeast('busy periods', count(answer.body, 'FREEBUSY'), 3);
    return answer;
  }

  async #syncInitial(client: Client, turn: number): Promise<Answer> {
    const answer = await this.#dav(client, 'REPORT', syncSince(''), '1');
    if (checked(answer, turn)) atLeast('members', responsesIn(answer.body), this.#objects.length + this.#added.length);
    return answer;
  }

  async #changeTen(client: Client): Promise<void> {
    this.#token = tokenIn((await this.#poll(client)).body) ?? '';
    const chosen = new Set<number>();
    while (chosen.size < Math.min(10, this.#objects.length)) chosen.add(this.#any());
    for (const index of chosen) await this.#update(client, index);
  }

  async #syncTen(client: Client): Promise<Answer> {
    const answer = await this.#dav(client, 'REPORT', syncSince(this.#token), '1');
    exactly('changes', responsesIn(answer.body), Math.min(10, this.#objects.length));
    return answer;
  }

  /** 80 % polls, 10 % sync, 5 % multiget of ten, 5 % PUT. */
  async #clientDay(client: Client): Promise<Answer> {
    const draw = this.#random.next();
    if (draw < 0.8) return this.#poll(client);
    if (draw >= 0.95) return this.#update(client, this.#any());
    if (draw >= 0.9) return this.#multiget(client, 10);
    const known = this.#tokens.get(client) ?? tokenIn((await this.#poll(client)).body) ?? '';
    const answer = await this.#dav(client, 'REPORT', syncSince(known), '1');
    this.#tokens.set(client, tokenIn(answer.body) ?? '');
    return answer;
  }

  async #dav(client: Client, method: string, body: Buffer, depth: string): Promise<Answer> {
    return expectStatus(await client.send(method, this.#collection, { ...XML, Depth: depth }, body), [207]);
  }

  #any(): number {
    return Math.floor(this.#random.next() * this.#objects.length);
  }
}

function checked({ body }: Answer, turn: number): boolean {
  return body.length < ALWAYS_CHECKED_OCTETS || turn < 2 || turn % 8 === 0;
}

function expectStatus(answer: Answer, wanted: readonly number[]): Answer {
  if (!wanted.includes(answer.status)) throw new Error(`status ${String(answer.status)}: ${answer.body.subarray(0, 200).toString().replaceAll(/\s+/g, ' ')}`);
  return answer;
}

function exactly(what: string, got: number, expected: number): void {
  if (got !== expected) throw new Error(`${what}: ${String(got)}, expected ${String(expected)}`);
}

function atLeast(what: string, got: number, expected: number): void {
  if (got < expected) throw new Error(`${what}: ${String(got)}, expected at least ${String(expected)}`);
}
