/** Bodies of every size: kept, streamed, moved and copied bit for bit. 64 KiB is where the stores we know change their ways. */
import { expect, it } from 'vitest';
import { file } from '../ics.ts';
import { bytes, itemName, octetsOf, random, world } from './given.ts';
import type { OpenStore } from './store-harness.ts';

export function describeBodies(open: OpenStore): void {
  const SIZES = [1, 65_535, 65_536, 65_537, 1_000_000];

  it.each(SIZES)('keeps and streams a body of %i octets', async (size) => {
    await using w = await world(open);
    const body = bytes(random(size), size);
    await w.files.put(file('big', body));
    for (const { store } of [w, await w.reopen()]) {
      expect(Buffer.from((await store.findItem(w.files.id, itemName('big'), { body: true }))!.body!).equals(body)).toBe(true);
      expect(Buffer.from((await octetsOf(await store.openBody(w.files.at('big'))))!).equals(body)).toBe(true);
    }
  });

  it.each(SIZES)('streams a part, half open, of a body of %i octets', async (size) => {
    await using w = await world(open);
    const body = bytes(random(size), size);
    await w.files.put(file('big', body));
    for (const [from, to] of [[0, 1], [0, size], [Math.floor(size / 2), size], [size - 1, size], [size - 1, size + 10], [0, 0]] as const) {
      const part = await octetsOf(await w.store.openBody(w.files.at('big'), { from, to }));
      expect(Buffer.from(part!).equals(body.slice(from, to))).toBe(true);
    }
  });

  it('replaces small by large by small', async () => {
    await using w = await world(open);
    for (const size of [10, 200_000, 20, 300_000, 0]) {
      const body = bytes(random(size), size);
      await w.files.put(file('f', body));
      expect(Buffer.from((await w.files.get('f')).body).equals(body)).toBe(true);
      expect((await w.files.row(), (await w.now()).usedOctets)).toBe(size);
    }
  });

  it('moves and copies large bodies, in the change that stored them too', async () => {
    await using w = await world(open);
    const body = bytes(random(3), 150_000);
    await w.change(async (tx) => {
      await tx.putItem(w.files.id, file('a', body));
      await tx.copyItem(w.files.at('a'), w.files.at('b'), { overwrite: false });
      await tx.moveItem(w.files.at('a'), w.files.at('c'), { overwrite: false });
    });
    await w.change(async (tx) => {
      await tx.copyItem(w.files.at('c'), w.files.at('d'), { overwrite: false });
      await tx.moveItem(w.files.at('c'), w.files.at('e'), { overwrite: false });
    });
    expect(await w.files.names()).toEqual(['b', 'd', 'e']);
    for (const name of ['b', 'd', 'e']) expect(Buffer.from((await w.files.get(name)).body).equals(body)).toBe(true);
  });

  it('streams one version of an item that is replaced and removed meanwhile', async () => {
    await using w = await world(open);
    const body = bytes(random(4), 500_000);
    await w.files.put(file('f', body));
    const content = (await w.store.openBody(w.files.at('f')))!;
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) {
      chunks.push(chunk.slice());
      if (chunks.length === 1) await w.files.put(file('f', bytes(random(5), 500_000)));
      if (chunks.length === 2) await w.files.remove('f');
    }
    expect(Buffer.concat(chunks).equals(body)).toBe(true);
  });
}
