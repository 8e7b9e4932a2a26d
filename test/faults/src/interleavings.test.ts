/**
 * Two writers on one data folder, the first stopped between two of its steps while the second goes on: every interleaving that once lost a file, by name, and
 * many at random. Whatever happens, index and files say the same afterwards, in both writers and in the next that opens the folder.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { StoreError } from '@kalends/contracts';
import type { CollectionId, Home, ItemName, PrincipalId, StoreWriter } from '@kalends/contracts';
import { openFlatFileStore } from '@kalends/storage-flat-file';
import type { FlatFileStore } from '@kalends/storage-flat-file';
import { file, plainReader } from '@kalends/testkit';
import { disagreements, homeFolder } from './agreement.ts';
import { Gate } from './gate.ts';
import type { Point } from './gate.ts';
import { snapshotOf } from './home-snapshot.ts';
import { attempt, NO_LIMITS, pick, random, randomStep } from './random-changes.ts';
import { scratchFolder } from './scratch.ts';

const soak = Number(process.env['KALENDS_SOAK'] ?? 0);
const SEEDS = Array.from({ length: Math.max(3, Math.ceil(soak / 5)) }, (_, n) => 51 + n);
const amy = 'id-amy' as PrincipalId;
const large = 'x'.repeat(70_000);
const folder = (segment: string): { readonly segment: string; readonly kind: string; readonly properties: ReadonlyMap<string, string> } => ({ segment, kind: 'files', properties: new Map() });
type Work = (tx: StoreWriter) => Promise<unknown>;

/** Two writers, of which the first can be stopped; `c1` with a file `x` in it. */
class Pair implements AsyncDisposable {
  readonly path: string;
  readonly first: FlatFileStore;
  readonly second: FlatFileStore;
  readonly home: Home;
  readonly dropbox: CollectionId;
  readonly c1: CollectionId;
  readonly #gates: readonly Gate[];

  private constructor(path: string, first: FlatFileStore, second: FlatFileStore, home: Home, ids: readonly [CollectionId, CollectionId], gates: readonly Gate[]) {
    this.path = path;
    this.first = first;
    this.second = second;
    this.home = home;
    [this.dropbox, this.c1] = ids;
    this.#gates = gates;
  }

  static async open(...points: readonly Point[]): Promise<Pair> {
    const path = scratchFolder('interleaved');
    const gates = points.map((point) => new Gate(point));
    const open = (more: object): Promise<FlatFileStore> => openFlatFileStore({ path, itemReader: plainReader, shards: 1, checkpointSeconds: 3600, ...more });
    const [first, second] = [await open({ gates }), await open({})];
    const home = await first.store.createHome({ id: amy, kind: 'user', name: 'amy' }, { properties: new Map(), acl: [] }, [folder('dropbox')]);
    const dropbox = (await first.store.findCollection(home.root.id, 'dropbox'))!.id;
    const { value: c1 } = await first.store.write(home.id, NO_LIMITS, async (tx) => {
      const made = await tx.createCollection(dropbox, folder('c1'));
      await tx.putItem(made, file('x', 'v0'));
      return made;
    });
    return new Pair(path, first, second, home, [dropbox, c1], gates);
  }

  change(writer: FlatFileStore, work: Work): Promise<unknown> {
    return writer.store.write(this.home.id, NO_LIMITS, work);
  }
  /** The first does `work` and stops at `point`; meanwhile `then` happens; the first goes on to its end. */
  async stopped(point: Point, work: Work | 'checkpoint', then: () => Promise<unknown>): Promise<boolean> {
    const gate = this.#gates.find((each) => each.point === point)!;
    gate.close();
    const ending = work === 'checkpoint' ? this.first.checkpoint() : this.change(this.first, work);
    const isStopped = await gate.reached(ending);
    try {
      await then();
    } finally {
      gate.open();
    }
    await ending;
    return isStopped;
  }
  /** As those who come after see it. */
  async wrong(): Promise<readonly string[]> {
    const wrong = [...await this.#look('at once', this.first)];
    await this.first.checkpoint();
    await this.second.checkpoint();
    wrong.push(...await this.#look('after checkpoints', this.second));
    const third = await openFlatFileStore({ path: this.path, itemReader: plainReader, shards: 1, checkpointSeconds: 3600, writer: 'inline' });
    wrong.push(...await this.#look('opened anew', third));
    await third.close();
    return wrong;
  }
  async text(...path: string[]): Promise<string | undefined> {
    const { item: found } = (await this.second.store.locate(amy, path, { body: true }))!;
    return found && new TextDecoder().decode(found.body);
  }

  async #look(when: string, opened: FlatFileStore): Promise<readonly string[]> {
    // Each carries out what it has not seen with its next change: until then the files may be behind.
    await this.change(this.first, (tx) => tx.updateCollection(this.home.root.id, { set: new Map([['{x:}looked', when]]) }));
    await this.change(this.second, (tx) => tx.updateCollection(this.home.root.id, { set: new Map([['{x:}looked', `${when} again`]]) }));
    const [one, two] = [await snapshotOf(this.first, amy), await snapshotOf(opened, amy)];
    return [...(JSON.stringify(one) === JSON.stringify(two) ? [] : [`${when}: two instances see two homes`]), ...(await disagreements(this.path, opened.store, amy)).map((sentence) => `${when}: ${sentence}`)];
  }
  async [Symbol.asyncDispose](): Promise<void> {
    for (const gate of this.#gates) gate.open();
    await this.first.close();
    await this.second.close();
  }
}

describe('two writers of the flat-file store, one stopped', () => {
  it('does not put an older version over a newer one that another put meanwhile', async () => {
    await using pair = await Pair.open('after-commit');
    for (const body of ['v1', large]) {
      await pair.stopped('after-commit', (tx) => tx.putItem(pair.c1, file('x', body)), async () => {
        await pair.change(pair.second, (tx) => tx.putItem(pair.c1, file('x', `${body} newer`)));
        await pair.second.checkpoint();
      });
      expect(await pair.text('dropbox', 'c1', 'x')).toBe(`${body} newer`);
      expect(await pair.wrong()).toEqual([]);
    }
  });

  it('does not put the first of two versions of one group over a third', async () => {
    await using pair = await Pair.open('after-commit');
    let other: Promise<unknown> = Promise.resolve();
    await pair.stopped('after-commit', (tx) => {
      other = pair.change(pair.first, (again) => again.putItem(pair.c1, file('x', 'v2')));
      return tx.putItem(pair.c1, file('x', 'v1'));
    }, async () => {
      await pair.change(pair.second, (tx) => tx.putItem(pair.c1, file('x', 'v3')));
      await pair.second.checkpoint();
    });
    await other;
    expect(await pair.wrong()).toEqual([]);
  });

  it('does not remove what another put after the removal', async () => {
    await using pair = await Pair.open('after-commit', 'before-rename');
    for (const point of ['after-commit', 'before-rename'] as const) {
      await pair.stopped(point, (tx) => tx.removeItem(pair.c1, 'x' as ItemName), async () => {
        await pair.change(pair.second, (tx) => tx.putItem(pair.c1, file('x', 'again')));
        await pair.second.checkpoint();
      });
      expect(await pair.text('dropbox', 'c1', 'x')).toBe('again');
      expect(await pair.wrong()).toEqual([]);
    }
  });

  it('puts a file where its collection went meanwhile, and not where another has come', async () => {
    await using pair = await Pair.open('after-temps', 'after-commit', 'before-rename');
    for (const [number, point] of (['after-temps', 'after-commit', 'before-rename'] as const).entries()) {
      const [from, to] = [`c${number + 1}`, `c${number + 2}`];
      await pair.stopped(point, (tx) => tx.putItem(pair.c1, file('y', `${point} ${large}`)), () => pair.change(pair.second, async (tx) => {
        await tx.moveCollection(pair.c1, pair.dropbox, `moved-${to}`);
        const again = await tx.createCollection(pair.dropbox, folder(`other-${to}`));
        await tx.putItem(again, file('y', 'of the other'));
        await tx.moveCollection(pair.c1, pair.dropbox, to);
        if (number === 0) await tx.moveCollection(again, pair.dropbox, from);
      }));
      expect(await pair.text('dropbox', to, 'y')).toBe(`${point} ${large}`);
      expect(await pair.wrong()).toEqual([]);
    }
  });

  it('does not move a folder a second time over one that took its name', async () => {
    await using pair = await Pair.open('after-commit');
    await pair.stopped('after-commit', (tx) => tx.moveCollection(pair.c1, pair.dropbox, 'c2'), async () => {
      await pair.change(pair.second, async (tx) => tx.putItem(await tx.createCollection(pair.dropbox, folder('c1')), file('x', 'of the new')));
      await pair.change(pair.second, (tx) => tx.moveCollection(pair.c1, pair.dropbox, 'c3'));
      await pair.change(pair.second, (tx) => tx.putItem(pair.c1, file('y', 'of the old')));
    });
    expect([await pair.text('dropbox', 'c1', 'x'), await pair.text('dropbox', 'c3', 'x'), await pair.text('dropbox', 'c3', 'y')]).toEqual(['of the new', 'v0', 'of the old']);
    expect(await pair.wrong()).toEqual([]);
  });

  it('writes again what somebody took out of .tmp before the change was committed', async () => {
    await using pair = await Pair.open('after-temps');
    for (const work of [
      (tx: StoreWriter) => tx.putItem(pair.c1, file('x', 'small')), (tx: StoreWriter) => tx.putItem(pair.c1, file('y', large)),
      async (tx: StoreWriter) => tx.putItem(await tx.createCollection(pair.dropbox, folder('made')), file('z')),
    ]) {
      await pair.stopped('after-temps', work, async () => {
        const temps = join(homeFolder(pair.path, amy)!, '.tmp');
        for (const name of readdirSync(temps)) rmSync(join(temps, name), { recursive: true });
      });
      expect(await pair.wrong()).toEqual([]);
    }
    expect([await pair.text('dropbox', 'c1', 'x'), (await pair.text('dropbox', 'c1', 'y'))?.length, await pair.text('dropbox', 'made', 'z')]).toEqual(['small', large.length, 'z']);
  });

  it.each(['checkpoint-begin', 'checkpoint-flushed', 'checkpoint-after-commit'] as const)('forgets no row of a file that changes during a checkpoint (%s)', async (point) => {
    await using pair = await Pair.open(point);
    for (let round = 0; round < 3; round++) {
      for (const name of ['a', 'b', 'large']) await pair.change(pair.first, (tx) => tx.putItem(pair.c1, file(name, name === 'large' ? `${round}${large}` : `${round}`)));
      await pair.change(pair.first, (tx) => tx.updateCollection(pair.c1, { set: new Map([['{x:}a', `before ${round}`]]) }));
      const isStopped = await pair.stopped(point, 'checkpoint', async () => {
        await pair.change(pair.second, (tx) => tx.updateCollection(pair.c1, { set: new Map([['{x:}a', `meanwhile ${round}`]]) }));
        await pair.change(pair.second, (tx) => tx.putItem(pair.c1, file('a', `newer ${round}`)));
        await pair.change(pair.second, (tx) => tx.moveCollection(pair.c1, pair.dropbox, `c1-${round}`));
        await pair.change(pair.second, async (tx) => tx.putItem(await tx.createCollection(pair.dropbox, folder(`took-its-place-${round}`)), file('large', 'another')));
      });
      expect(isStopped).toBe(true);
      expect(await pair.wrong()).toEqual([]);
      expect((await pair.second.store.findCollections([pair.c1])).get(pair.c1)!.properties.get('{x:}a')).toBe(`meanwhile ${round}`);
    }
  });

  it('says busy, and reads on, while a writer stands still that holds the shard', { timeout: 60_000 }, async () => {
    await using pair = await Pair.open('before-commit');
    await pair.stopped('before-commit', (tx) => tx.putItem(pair.c1, file('x', 'held')), async () => {
      await expect(pair.change(pair.second, (tx) => tx.putItem(pair.c1, file('y')))).rejects.toMatchObject({ code: 'busy' });
      expect(await pair.text('dropbox', 'c1', 'x')).toBe('v0');
    });
    expect(await pair.text('dropbox', 'c1', 'x')).toBe('held');
    expect(await pair.wrong()).toEqual([]);
  });

  it('goes on with what others use when the index is removed under it', async () => {
    await using pair = await Pair.open();
    await pair.first.checkpoint();
    rmSync(join(pair.path, 'index'), { recursive: true });
    const made = await pair.second.store.locate(amy, ['dropbox', 'c1', 'x'], { body: true });
    expect(new TextDecoder().decode(made?.item?.body)).toBe('v0');
    await pair.change(pair.first, (tx) => tx.putItem(pair.c1, file('one')));
    await pair.change(pair.second, (tx) => tx.putItem(pair.c1, file('two')));
    for (const { store } of [pair.first, pair.second]) {
      for (const name of ['x', 'one', 'two']) expect((await store.locate(amy, ['dropbox', 'c1', name], {}))?.item?.name).toBe(name);
    }
    expect(await pair.wrong()).toEqual([]);
  });

  it('does not take one lock for another that came in its place while it looked', async () => {
    await using pair = await Pair.open();
    const lock = (token: string): Parameters<StoreWriter['putLock']>[0] => ({
      token, path: ['dropbox'], depth: 'infinity', scope: 'exclusive', owner: amy, ownerXml: '', expires: Math.floor(Date.now() / 1000) + 600,
    });
    await pair.change(pair.first, (tx) => tx.putLock(lock('mine')));
    let runs = 0;
    const writing = pair.change(pair.first, async (tx) => {
      const tokens = (await tx.locks()).map(({ token }) => token);
      if (runs++ === 0) await pair.change(pair.second, async (other) => { await other.removeLock('mine'); await other.putLock(lock('theirs')); });
      if (tokens.includes('theirs')) throw new StoreError('busy', 'locked by another');
      await tx.putItem(pair.c1, file('written under their lock'));
    });
    await expect(writing).rejects.toMatchObject({ code: 'busy' });
    expect(await pair.text('dropbox', 'c1', 'written under their lock')).toBeUndefined();
  });

  it.each(SEEDS)('agrees with its files after many random interleavings (seed %i)', { timeout: 120_000 }, async (seed) => {
    const points = ['after-temps', 'after-commit', 'before-rename', 'after-rename', 'checkpoint-begin', 'checkpoint-flushed', 'checkpoint-after-commit'] as const;
    await using pair = await Pair.open(...points);
    const next = random(seed);
    let stops = 0;
    for (let round = 0; round < 25; round++) {
      const point = pick(next, points);
      const step = await randomStep(pair.first.store, pair.home, next, `a${round}`);
      const work = point.startsWith('checkpoint') ? 'checkpoint' as const : step.work;
      const isStopped = await pair.stopped(point, work, async () => {
        for (let n = 0; n < 1 + Math.floor(next() * 3); n++) await attempt(pair.second.store, pair.home, await randomStep(pair.second.store, pair.home, next, `b${round}-${n}`));
        if (next() < 0.4) await pair.second.checkpoint();
      }).catch((error: unknown) => {
        if (!(error instanceof StoreError) || !['exists', 'not-found', 'collection-gone'].includes(error.code)) throw error;
      });
      if (isStopped === true) stops++;
      expect((await pair.wrong()).map((sentence) => `round ${round}, ${step.name} stopped at ${point}: ${sentence}`)).toEqual([]);
    }
    expect(stops).toBeGreaterThan(5);
  });
});
