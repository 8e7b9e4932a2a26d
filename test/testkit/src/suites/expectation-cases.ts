/** ETags, and the conditions that are checked inside the change and nowhere else. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { ETag } from '@kalends/contracts';
import { event, file, write } from '../ics.ts';
import { factsOf } from '../plain-reader.ts';
import { codeOf, principal, world } from './given.ts';
import type { OpenStore } from './store-harness.ts';

const STALE = 'stale-etag-00000' as ETag;

export function describeExpectations(open: OpenStore): void {
  it('makes an ETag of the octets alone: the first 12 of their SHA-256, in base64url', async () => {
    await using w = await world(open);
    for (const item of [file('f', 'one'), file('g', 'x'.repeat(70_000)), file('h', '')]) {
      const { etag } = await w.files.put(item);
      expect(etag).toBe(createHash('sha256').update(item.body as Uint8Array).digest().subarray(0, 12).toString('base64url'));
      expect((await w.files.get(item.name)).etag).toBe(etag);
    }
  });

  it('has the same ETag for the same octets, whenever and wherever', async () => {
    await using w = await world(open);
    const first = await w.files.put(file('f', 'one'));
    const other = await w.files.put(file('f', 'two'));
    expect(other.etag).not.toBe(first.etag);
    expect((await w.files.put(file('f', 'one'))).etag).toBe(first.etag);
    expect((await w.inbox.put(file('g', 'one'))).etag).toBe(first.etag);
  });

  it('leaves the ETag alone when anything but the octets changes', async () => {
    await using w = await world(open);
    const { etag } = await w.calendar.put(event('a'));
    const at = w.calendar.at('a.ics');
    await w.change(async (tx) => {
      await tx.setDead(at, new Map([['{x:}a', '1']]), []);
      await tx.setItemAcl(at, [{ principal: 'all', grant: 1 }]);
      await tx.setPersonal(at, principal('id-ben'), { patch: Uint8Array.of(1), facts: factsOf({ start: 1, end: 2 }) });
      await tx.moveItem(at, w.calendar.at('b.ics'), { overwrite: false });
    });
    expect((await w.calendar.get('b.ics')).etag).toBe(etag);
  });

  it('creates only where nothing is, if so asked', async () => {
    await using w = await world(open);
    expect((await w.calendar.put(event('a'), { expect: 'absent' })).created).toBe(true);
    expect(await codeOf(w.calendar.put(event('a', { summary: 'new' }), { expect: 'absent' }))).toBe('exists');
    expect((await w.calendar.get('a.ics')).body).toEqual(event('a').body);
    await w.calendar.remove('a.ics');
    await w.calendar.put(event('a'), { expect: 'absent' });
  });

  it('replaces only the version that was named', async () => {
    await using w = await world(open);
    const { etag } = await w.calendar.put(event('a'));
    const revision = (await w.now()).root.revision;
    expect(await codeOf(w.calendar.put(event('a', { summary: 'new' }), { expect: STALE }))).toBe('etag-mismatch');
    expect((await w.now()).root.revision).toBe(revision);
    const next = await w.calendar.put(event('a', { summary: 'new' }), { expect: etag });
    expect(await codeOf(w.calendar.put(event('a', { summary: 'newer' }), { expect: etag }))).toBe('etag-mismatch');
    expect((await w.calendar.get('a.ics')).etag).toBe(next.etag);
  });

  it('does not create what was expected to be there', async () => {
    await using w = await world(open);
    expect(await codeOf(w.calendar.put(event('a'), { expect: STALE }))).toBe('etag-mismatch');
    expect(await w.calendar.names()).toEqual([]);
  });

  it('removes only the version that was named', async () => {
    await using w = await world(open);
    const { etag } = await w.calendar.put(event('a'));
    expect(await codeOf(w.calendar.remove('a.ics', STALE))).toBe('etag-mismatch');
    expect(await w.calendar.names()).toEqual(['a.ics']);
    await w.calendar.remove('a.ics', etag);
  });

  it('expects an ETag of what moves or is copied, not of what it replaces', async () => {
    await using w = await world(open);
    const { etag } = await w.files.put(file('f'));
    const { etag: other } = await w.files.put(file('g'));
    const [from, to] = [w.files.at('f'), w.files.at('g')];
    expect(await codeOf(w.change((tx) => tx.copyItem(from, to, { overwrite: true, expect: other })))).toBe('etag-mismatch');
    expect(await codeOf(w.change((tx) => tx.moveItem(from, to, { overwrite: true, expect: other })))).toBe('etag-mismatch');
    await w.change((tx) => tx.copyItem(from, to, { overwrite: true, expect: etag }));
    await w.change((tx) => tx.moveItem(from, to, { overwrite: true, expect: etag }));
    expect(await w.files.names()).toEqual(['g']);
  });

  it('checks against what the change itself did so far', async () => {
    await using w = await world(open);
    const { etag } = await w.calendar.put(event('a'));
    await w.change(async (tx) => {
      const next = await tx.putItem(w.calendar.id, write(event('a', { summary: 'b' }), { expect: etag }));
      expect(await codeOf(tx.putItem(w.calendar.id, write(event('a', { summary: 'c' }), { expect: etag })))).toBe('etag-mismatch');
      await tx.putItem(w.calendar.id, write(event('a', { summary: 'd' }), { expect: next.etag }));
    });
    expect((await w.calendar.get('a.ics')).body).toEqual(event('a', { summary: 'd' }).body);
  });

  it('lets exactly one of two writers with the same ETag win', async () => {
    await using w = await world(open);
    const { etag } = await w.calendar.put(event('a'));
    const attempts = await Promise.all(['left', 'right'].map((summary) => codeOf(w.calendar.put(event('a', { summary }), { expect: etag }))));
    expect(attempts.sort()).toEqual(['accepted', 'etag-mismatch']);
  });

  it('lets exactly one of many create a name', async () => {
    await using w = await world(open);
    const second = w.calendar.through(await w.reopen());
    const attempts = await Promise.all(Array.from({ length: 20 }, (_, n) => codeOf((n % 2 ? second : w.calendar).put(event('a', { summary: `${n}` }), { expect: 'absent' }))));
    expect(attempts.filter((code) => code === 'accepted')).toHaveLength(1);
    expect(attempts.filter((code) => code === 'exists')).toHaveLength(19);
  });

  it('accepts an ETag again once the octets are those again', async () => {
    await using w = await world(open);
    const { etag } = await w.calendar.put(event('a'));
    await w.calendar.put(event('a', { summary: 'b' }));
    await w.calendar.put(event('a'));
    await w.calendar.put(event('a', { summary: 'c' }), { expect: etag });
    expect((await w.calendar.get('a.ics')).body).toEqual(event('a', { summary: 'c' }).body);
  });
}
