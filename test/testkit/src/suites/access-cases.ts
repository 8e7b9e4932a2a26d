/** ACLs and what one principal sees differently. The store keeps and counts them; it decides nothing. */
import { expect, it } from 'vitest';
import type { Ace } from '@kalends/contracts';
import { event, file } from '../ics.ts';
import { factsOf } from '../plain-reader.ts';
import { codeOf, principal, world } from './given.ts';
import type { World } from './given.ts';
import type { OpenStore } from './store-harness.ts';

const [BEN, CAT] = [principal('id-ben'), principal('id-cat')];
const ACL: readonly Ace[] = [
  { principal: BEN, grant: 3, deny: 4 }, { principal: 'all', grant: 1, inheritable: true }, { principal: 'self', grant: 0, deny: 1 }, { principal: { property: { ns: 'DAV:', local: 'owner' } }, grant: 7 },
];
const patch = (n: number): { readonly patch: Uint8Array; readonly facts: ReturnType<typeof factsOf> } => ({ patch: Uint8Array.of(n, 255, 0), facts: factsOf({ start: n, end: n + 1 }, { flags: n }) });
const counts = async (w: World): Promise<readonly number[]> => [(await w.calendar.row()).itemsWithAcl, (await w.inbox.row()).itemsWithAcl];

export function describeAccess(open: OpenStore): void {
  describeAcls(open);
  describePersonalRows(open);
}

function describeAcls(open: OpenStore): void {
  it('keeps the ACL of a collection as it came, in order', async () => {
    await using w = await world(open);
    await w.calendar.update({ acl: ACL });
    expect((await w.calendar.row()).acl).toEqual(ACL);
    expect((await w.calendar.through(await w.reopen()).row()).acl).toEqual(ACL);
    await w.calendar.update({ set: new Map([['{x:}a', '1']]) });
    expect((await w.calendar.row()).acl).toEqual(ACL);
    await w.calendar.update({ acl: [] });
    expect((await w.calendar.row()).acl).toEqual([]);
  });

  it('moves the revision of the ACL with ACLs and with nothing else', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    const at = w.calendar.at('a.ics');
    const stamp = async (): Promise<number> => (await w.calendar.row()).aclRevision;
    let last = await stamp();
    await w.calendar.put(event('a', { summary: 'new' }));
    await w.calendar.put(event('b'));
    await w.calendar.update({ set: new Map([['{x:}a', '1']]), personal: { principal: BEN, set: new Map([['{x:}a', '2']]), remove: [] } });
    await w.change((tx) => tx.setDead(at, new Map([['{x:}a', '1']]), []));
    await w.change((tx) => tx.setPersonal(at, BEN, patch(1)));
    await w.calendar.remove('b.ics');
    expect(await stamp()).toBe(last);
    for (const change of [
      (): Promise<unknown> => w.calendar.update({ acl: ACL }), (): Promise<unknown> => w.change((tx) => tx.setItemAcl(at, ACL)),
      (): Promise<unknown> => w.change((tx) => tx.setItemAcl(at, [])), (): Promise<unknown> => w.change((tx) => tx.setItemAcl(at, undefined)),
    ]) {
      await change();
      expect(await stamp()).toBeGreaterThan(last);
      last = await stamp();
    }
  });

  it('keeps an ACL of an item, an empty one too, and counts the items that have one', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    await w.calendar.put(event('b'));
    await w.change((tx) => tx.setItemAcl(w.calendar.at('a.ics'), ACL));
    await w.change((tx) => tx.setItemAcl(w.calendar.at('b.ics'), []));
    expect((await w.calendar.get('a.ics')).acl).toEqual(ACL);
    expect((await w.calendar.get('b.ics')).acl).toEqual([]);
    expect(await counts(w)).toEqual([2, 0]);
    await w.change((tx) => tx.setItemAcl(w.calendar.at('a.ics'), [ACL[0]!]));
    expect(await counts(w)).toEqual([2, 0]);
    await w.change((tx) => tx.setItemAcl(w.calendar.at('a.ics'), undefined));
    await w.change((tx) => tx.setItemAcl(w.calendar.at('a.ics'), undefined));
    expect(await w.calendar.get('a.ics')).not.toHaveProperty('acl');
    expect(await counts(w)).toEqual([1, 0]);
    expect(await codeOf(w.change((tx) => tx.setItemAcl(w.calendar.at('no.ics'), ACL)))).toBe('not-found');
  });

  it('counts items with an ACL right when they are replaced, moved, overwritten and removed', async () => {
    await using w = await world(open);
    for (const uid of ['a', 'b']) await w.calendar.put(event(uid));
    await w.change((tx) => tx.setItemAcl(w.calendar.at('a.ics'), ACL));
    await w.calendar.put(event('a', { summary: 'new' }));
    expect(await counts(w)).toEqual([1, 0]);
    await w.change((tx) => tx.moveItem(w.calendar.at('a.ics'), w.inbox.at('a.ics'), { overwrite: false }));
    expect(await counts(w)).toEqual([0, 1]);
    expect((await w.inbox.get('a.ics')).acl).toEqual(ACL);
    await w.change((tx) => tx.moveItem(w.calendar.at('b.ics'), w.inbox.at('a.ics'), { overwrite: true }));
    expect(await counts(w)).toEqual([0, 0]);
    expect(await w.inbox.get('a.ics')).not.toHaveProperty('acl');
    await w.change((tx) => tx.setItemAcl(w.inbox.at('a.ics'), ACL));
    await w.inbox.remove('a.ics');
    expect(await counts(w)).toEqual([0, 0]);
  });

  it('copies a file with its dead properties, without its ACL', async () => {
    await using w = await world(open);
    await w.files.put(file('f'));
    await w.change(async (tx) => {
      await tx.setItemAcl(w.files.at('f'), ACL);
      await tx.setDead(w.files.at('f'), new Map([['{x:}a', '1']]), []);
    });
    await w.change((tx) => tx.copyItem(w.files.at('f'), w.files.at('g'), { overwrite: false }));
    const copy = await w.files.get('g');
    expect(copy).toMatchObject({ dead: new Map([['{x:}a', '1']]), meta: { contentType: 'text/plain' } });
    expect(copy).not.toHaveProperty('acl');
    expect((await w.files.row()).itemsWithAcl).toBe(1);
    await w.change((tx) => tx.setDead(w.files.at('g'), new Map([['{x:}a', '2']]), []));
    expect((await w.files.get('f')).dead).toEqual(new Map([['{x:}a', '1']]));
  });
}

function describePersonalRows(open: OpenStore): void {
  it('gives a personal row to the principal who is asked for, and to nobody else', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    await w.change((tx) => tx.setPersonal(w.calendar.at('a.ics'), BEN, patch(1)));
    expect((await w.calendar.find('a.ics', { personal: BEN }))!.personal).toMatchObject(patch(1));
    expect(await w.calendar.find('a.ics', { personal: CAT })).not.toHaveProperty('personal');
    expect(await w.calendar.find('a.ics', {})).not.toHaveProperty('personal');
    expect((await w.calendar.list({ personal: BEN }))[0]!.personal).toMatchObject(patch(1));
    expect((await w.calendar.query({ uid: 'a' }, { personal: BEN }))[0]!.personal).toMatchObject(patch(1));
    expect((await w.calendar.changes('start', 10, { personal: BEN })).changed[0]!.personal).toMatchObject(patch(1));
    expect((await w.calendar.get('a.ics')).facts).toEqual(event('a').facts);
  });

  it('gives each change of a personal row a greater number, after its removal too', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    const at = w.calendar.at('a.ics');
    const number = async (): Promise<number> => (await w.calendar.find('a.ics', { personal: BEN }))!.personal!.number;
    await w.change((tx) => tx.setPersonal(at, BEN, patch(1)));
    const first = await number();
    await w.change((tx) => tx.setPersonal(at, CAT, patch(9)));
    expect(await number()).toBe(first);
    await w.change((tx) => tx.setPersonal(at, BEN, patch(2)));
    const second = await number();
    expect(second).toBeGreaterThan(first);
    await w.change((tx) => tx.setPersonal(at, BEN, undefined));
    expect(await w.calendar.find('a.ics', { personal: BEN })).not.toHaveProperty('personal');
    await w.change((tx) => tx.setPersonal(at, BEN, patch(3)));
    expect(await number()).toBeGreaterThan(second);
    expect(await codeOf(w.change((tx) => tx.setPersonal(w.calendar.at('no.ics'), BEN, patch(1))))).toBe('not-found');
  });

  it('takes personal rows away with their item: a new one of that name has none', async () => {
    await using w = await world(open);
    await w.calendar.put(event('a'));
    await w.change((tx) => tx.setPersonal(w.calendar.at('a.ics'), BEN, patch(1)));
    await w.calendar.remove('a.ics');
    await w.calendar.put(event('a'));
    expect(await w.calendar.find('a.ics', { personal: BEN })).not.toHaveProperty('personal');
  });

  it('does not give the personal rows of an overwritten item to the one that took its place', async () => {
    await using w = await world(open);
    for (const uid of ['a', 'b']) await w.calendar.put(event(uid));
    await w.change((tx) => tx.setPersonal(w.calendar.at('b.ics'), BEN, patch(1)));
    await w.change((tx) => tx.setPersonal(w.calendar.at('a.ics'), CAT, patch(2)));
    await w.change((tx) => tx.moveItem(w.calendar.at('a.ics'), w.calendar.at('b.ics'), { overwrite: true }));
    expect(await w.calendar.find('b.ics', { personal: BEN })).not.toHaveProperty('personal');
    expect((await w.calendar.find('b.ics', { personal: CAT }))!.personal).toMatchObject(patch(2));
  });

  it('sees personal rows inside the change that made them', async () => {
    await using w = await world(open);
    await w.change(async (tx) => {
      await tx.putItem(w.calendar.id, { ...file('a') });
      await tx.setPersonal(w.calendar.at('a'), BEN, patch(5));
      expect((await tx.findItem(w.calendar.id, file('a').name, { personal: BEN }))!.personal).toMatchObject(patch(5));
      await tx.setPersonal(w.calendar.at('a'), BEN, undefined);
      expect(await tx.findItem(w.calendar.id, file('a').name, { personal: BEN })).not.toHaveProperty('personal');
    });
  });

  it('raises the number of grants when a record says whose it changes', async () => {
    await using w = await world(open);
    const before = (await w.now()).grantsRevision;
    await w.recordStore.apply([{ kind: 'delegate', key: 'id-amy/write/id-ben', value: {}, grantsOf: w.home.owner }]);
    const after = (await w.now()).grantsRevision;
    expect(after).toBeGreaterThan(before);
    expect((await w.store.locate(w.home.owner, ['calendar'], {}))!.home.grantsRevision).toBe(after);
    await w.recordStore.apply([{ kind: 'delegate', key: 'id-amy/write/id-ben', grantsOf: w.home.owner }]);
    expect((await w.now()).grantsRevision).toBeGreaterThan(after);
    await w.calendar.put(event('a'));
    expect((await (await w.reopen()).store.findHome(w.home.owner))!.grantsRevision).toBe((await w.now()).grantsRevision);
  });
}
