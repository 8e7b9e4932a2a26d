/**
 * A server-like process: one store, some clients that change three homes without pause and write down what they ask and what is answered. Killed at any
 * moment. `stop` on the channel makes its clients rest, `go` makes them go on, `end` closes the store.
 */
import { openSync, writeSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { StoreError } from '@kalends/contracts';
import type { CalendarStore, Collection, Home, ItemName } from '@kalends/contracts';
import { openFlatFileStore } from '@kalends/storage-flat-file';
import { etagOf } from './agreement.ts';
import { forgetfulFiles } from './forgetful-files.ts';
import type { Effects, Entry } from './kill-log.ts';
import { killReader } from './kill-reader.ts';
import { NO_LIMITS, pick, random } from './random-changes.ts';

export interface ChildSetting {
  readonly path: string; readonly log: string; readonly seed: number; readonly clients: number; readonly owners: readonly string[]; readonly counters: readonly string[];
  /** Does not carry out what others have committed: must be caught. */ readonly isForgetful?: boolean;
}

const setting = JSON.parse(process.argv[2]!) as ChildSetting;
const log = openSync(setting.log, 'a');
let number = 0;
let resting = false;
let ended = false;
let atRest = 0;
let wake: () => void = () => undefined;

const store = await openFlatFileStore({
  path: setting.path, shards: 2, itemReader: killReader, checkpointSeconds: 0.4, ...(setting.isForgetful && { writer: 'inline' as const, files: forgetfulFiles() }),
});
const homes = await Promise.all(setting.owners.map(async (owner) => (await store.store.findHome(owner as never))!));
process.on('message', (word: 'stop' | 'go' | 'end') => {
  resting = word !== 'go';
  ended ||= word === 'end';
  wake();
});
const clients = Array.from({ length: setting.clients }, (_, client) => run(client));
process.send!('ready');
await Promise.all(clients);
await store.close();
process.disconnect();

async function run(client: number): Promise<void> {
  const next = random(setting.seed * 100 + client);
  for (let step = 0; ; step++) {
    // An inline writer answers without a turn of the loop, and the channel must be heard.
    await turn();
    if (resting) await rest();
    if (ended) return;
    await change(store.store, pick(next, homes), next, `${setting.seed}-${client}-${step}`);
  }
}

async function rest(): Promise<void> {
  if (++atRest === setting.clients) process.send!('resting');
  while (resting && !ended) {
    await new Promise<void>((resolve) => {
      const before = wake;
      wake = () => {
        before();
        resolve();
      };
    });
  }
  atRest--;
}

async function change(at: CalendarStore, home: Home, next: () => number, salt: string): Promise<void> {
  const collections = (await at.listCollections(home.root.id, 'infinity')).filter(({ kind }) => kind === 'files');
  const here = pick(next, collections);
  const name = pick(next, ['a', 'b', 'c', 'd', 'e']) as ItemName;
  const doing = next();
  if (doing < 0.35) await put(at, home, here, name, `${salt} `.padEnd(pick(next, [5, 300, 5000, 70_000]), salt));
  else if (doing < 0.45) await remove(at, home, here, name);
  else if (doing < 0.55) await move(at, home, here, pick(next, collections), name, pick(next, ['a', 'b', 'c', 'd', 'e']) as ItemName);
  else if (doing < 0.65) await property(at, home, here, salt);
  else if (doing < 0.75) await moveFolder(at, home, collections, next);
  else await count(at, home, pick(next, setting.counters), next() < 0.5);
}

/** Writes down, asks, writes down. Refusals are answers as well: nothing happened. */
async function told<T>(home: Home, effects: Effects, counter: string | undefined, ask: () => Promise<{ readonly revision: number; readonly value: T }>, done: (value: T) => { readonly effects: Effects; readonly count?: number }): Promise<void> {
  const began = ++number;
  write({ began, home: home.owner, effects, ...(counter !== undefined && { counter }) });
  try {
    const { revision, value } = await ask();
    write({ ended: began, revision, ...done(value) });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    if (!['exists', 'not-found', 'collection-gone', 'etag-mismatch', 'busy'].includes(error.code)) throw error;
    write({ refused: began });
  }
}
function write(entry: Entry): void {
  writeSync(log, `${JSON.stringify(entry)}\n`);
}

async function put(at: CalendarStore, home: Home, { id }: Collection, name: ItemName, text: string): Promise<void> {
  const body = new TextEncoder().encode(text);
  const effects = { [`${id}/${name}`]: etagOf(body) };
  await told(home, effects, undefined, () => at.write(home.id, NO_LIMITS, (tx) => tx.putItem(id, { name, contentType: 'text/plain', body })), () => ({ effects }));
}
async function remove(at: CalendarStore, home: Home, { id }: Collection, name: ItemName): Promise<void> {
  const effects = { [`${id}/${name}`]: null };
  await told(home, effects, undefined, () => at.write(home.id, NO_LIMITS, (tx) => tx.removeItem(id, name)), () => ({ effects }));
}
async function move(at: CalendarStore, home: Home, from: Collection, to: Collection, name: ItemName, other: ItemName): Promise<void> {
  const [source, target] = [`${from.id}/${name}`, `${to.id}/${other}`];
  if (source === target) return;
  await told(home, { [source]: null, [target]: '?' }, undefined,
    () => at.write(home.id, NO_LIMITS, (tx) => tx.moveItem({ collection: from.id, name }, { collection: to.id, name: other }, { overwrite: true })),
    ({ etag }) => ({ effects: { [source]: null, [target]: etag } }));
}
async function property(at: CalendarStore, home: Home, { id }: Collection, value: string): Promise<void> {
  const effects = { [`property ${id}`]: value };
  await told(home, effects, undefined, () => at.write(home.id, NO_LIMITS, (tx) => tx.updateCollection(id, { set: new Map([['{x:}a', value]]) })), () => ({ effects }));
}
/** Folders move among themselves; none is made or goes, so names stay what they are. */
async function moveFolder(at: CalendarStore, home: Home, collections: readonly Collection[], next: () => number): Promise<void> {
  const movable = collections.filter(({ segment }) => segment.startsWith('folder'));
  const target = pick(next, collections);
  const { id } = pick(next, movable);
  const segment = `folder-${pick(next, ['x', 'y', 'z', 'w'])}`;
  const effects = { [`place ${id}`]: `${target.id}/${segment}` };
  await told(home, effects, undefined, () => at.write(home.id, NO_LIMITS, (tx) => tx.moveCollection(id, target.id, segment)), () => ({ effects }));
}
async function count(at: CalendarStore, home: Home, name: string, byExpectation: boolean): Promise<void> {
  const counters = (await at.findCollection(home.root.id, 'counters'))!.id;
  const key = `${home.owner} ${name}`;
  const item = name as ItemName;
  const seen = byExpectation ? await at.findItem(counters, item, { body: true }) : undefined;
  const valueOf = (body: Uint8Array | undefined): number => Number(new TextDecoder().decode(body));
  await told(home, { [`${counters}/${name}`]: '?' }, key, () => at.write(home.id, NO_LIMITS, async (tx) => {
    const now = seen ?? (await tx.findItem(counters, item, { body: true }))!;
    const count = valueOf(now.body) + 1;
    const body = new TextEncoder().encode(String(count));
    const { etag } = await tx.putItem(counters, { name: item, contentType: 'text/plain', body, ...(seen && { expect: seen.etag }) });
    return { count, etag };
  }), ({ count: value, etag }) => ({ effects: { [`${counters}/${name}`]: etag }, count: value }));
}
