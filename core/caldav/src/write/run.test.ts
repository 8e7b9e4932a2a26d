/** Many changes through the one door at once: what is refused leaves no trace, and what is stored is stored in one change. */
import type { ItemDraft, ItemName, JobDraft, StoreWriter, WriteStep } from '@kalends/contracts';
import { StoreError } from '@kalends/contracts';
import type { CalendarObject } from '@kalends/icalendar';
import { DavError, preconditionFailed } from '@kalends/webdav';
import { event, fakeClock, memoryDirectory, memoryStore, person, todo } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import type { PutChange, RemoveChange } from './commit.ts';
import { givenDoor as doorOn } from './door.fixture.ts';
import type { GivenDoor, Ground } from './door.fixture.ts';
import type { Together } from './run.ts';

async function givenDoor(options: Parameters<typeof doorOn>[1] = {}): Promise<GivenDoor & { readonly writes: () => number }> {
  const clock = fakeClock();
  const directory: Ground['directory'] = Object.assign(memoryDirectory([person('amy')]), { mayLogIn: async () => true });
  const { store } = memoryStore({ clock, runWorkTwice: true });
  let writes = 0;
  const write: typeof store.write = (...given) => { writes++; return store.write(...given); };
  const counted = new Proxy(store, { get: (target, name: keyof typeof store) => (name === 'write' ? write : typeof target[name] === 'function' ? (target[name] as () => unknown).bind(target) : target[name]) });
  return { ...await doorOn({ store: counted, clock, directory }, options), writes: () => writes };
}

const putting = ({ home, calendar, context }: GivenDoor, uid: string, more: Partial<PutChange> = {}): PutChange =>
  ({ home, collection: calendar, name: `${uid}.ics` as ItemName, octets: event(uid).body, media: 'text/calendar', context: context(), ...more });
const removing = ({ home, calendar, context }: GivenDoor, name: string): RemoveChange => ({ home, collection: calendar, name: name as ItemName, context: context() });
const told = ({ results }: Together<unknown>): readonly string[] => results.map(({ reason }) => (reason === undefined ? 'done' : reason instanceof DavError ? reason.condition?.name.local ?? String(reason.status) : (reason as StoreError).code));
const step = (more: Partial<WriteStep>): WriteStep => ({ name: 'test', phase: 'schedule', prepare: async () => undefined, apply: (draft) => draft, ...more });
const uidOf = ({ after }: ItemDraft): string | undefined => (after as CalendarObject | undefined)?.uid;

describe('CalendarDoor.together', () => {
  it('stores, replaces and removes in one change, and tells whoever listens once', async () => {
    const given = await givenDoor();
    for (const uid of ['a', 'b']) await given.put(`${uid}.ics`, event(uid).body);
    const [writes, notices] = [given.writes(), given.notices.length];
    const { results, revision } = await given.door.together([removing(given, 'a.ics'), putting(given, 'c'), putting(given, 'b', { octets: event('b', { summary: 'two' }).body })]);
    expect(results).toMatchObject([{ value: undefined }, { value: { created: true, uid: 'c', amended: false } }, { value: { created: false, uid: 'b' } }]);
    expect([given.writes() - writes, given.notices.length - notices]).toEqual([1, 1]);
    expect(revision).toBe((await given.store.findCollections([given.calendar.id])).get(given.calendar.id)!.revision);
    expect([await given.text('a.ics'), await given.text('b.ics'), await given.text('c.ics')]).toEqual([undefined, event('b', { summary: 'two' }).text, event('c').text]);
  });

  it('leaves out what is refused, each with its reason, in the order of the request', async () => {
    const given = await givenDoor({ limits: { itemsPerCalendar: 2 } });
    const { results, revision } = await given.door.together([
      putting(given, 'a'), putting(given, 'broken', { octets: Buffer.from('hello') }), putting(given, 'todo', { octets: todo('todo').body }), putting(given, 'again', { octets: event('a').body }), removing(given, 'none.ics'),
      putting(given, 'b', { guard: async () => { throw preconditionFailed(); } }), putting(given, 'c'), putting(given, 'd'),
    ]);
    expect(told({ results, revision })).toEqual(['done', 'valid-calendar-data', 'supported-calendar-component', 'uid-taken', '404', '412', 'done', 'too-many']);
    expect([await given.text('a.ics'), await given.text('c.ics'), await given.text('b.ics')]).toEqual([event('a').text, event('c').text, undefined]);
  });

  it('has no revision where nothing was changed, and changes nothing for nothing', async () => {
    const given = await givenDoor();
    const writes = given.writes();
    expect(await given.door.together([])).toEqual({ results: [], revision: undefined });
    expect(given.writes()).toBe(writes);
    expect((await given.door.together([removing(given, 'none.ics')])).revision).toBeUndefined();
    expect(given.notices).toEqual([]);
  });

  it('asks its guard first, inside the change; what that throws is thrown, and nothing happened', async () => {
    const given = await givenDoor();
    await expect(given.door.together([putting(given, 'a')], async (tx: StoreWriter) => {
      expect(await tx.findItem(given.calendar.id, 'a.ics' as ItemName, {})).toBeUndefined();
      throw preconditionFailed();
    })).rejects.toMatchObject({ status: 412 });
    expect(await given.text('a.ics')).toBeUndefined();
  });

  it('throws what the store says of the change as a whole', async () => {
    const given = await givenDoor();
    await expect(given.door.together([putting(given, 'a')], async () => { throw new StoreError('busy', ''); })).rejects.toMatchObject({ code: 'busy' });
    expect(await given.text('a.ics')).toBeUndefined();
  });

  it('does again, alone, what a step wants prepared anew', async () => {
    const seen = new Map<string, number>();
    const given = await givenDoor({ steps: [step({
      prepare: async (draft) => { seen.set(uidOf(draft)!, (seen.get(uidOf(draft)!) ?? 0) + 1); },
      apply: (draft) => (uidOf(draft) === 'b' && seen.get('b') === 1 ? 'prepare-again' : draft),
    })] });
    expect(told(await given.door.together(['a', 'b', 'c'].map((uid) => putting(given, uid))))).toEqual(['done', 'done', 'done']);
    expect([seen.get('a'), seen.get('b')]).toEqual([1, 2]);
    expect(await given.text('b.ics')).toBe(event('b').text);
  });

  it('lets a step refuse one, whether it prepares or applies', async () => {
    const refuse = (draft: ItemDraft, uid: string): void => { if (uidOf(draft) === uid) throw preconditionFailed(); };
    const given = await givenDoor({ steps: [step({ prepare: async (draft) => refuse(draft, 'a'), apply: (draft) => { refuse(draft, 'b'); return draft; } })] });
    expect(told(await given.door.together(['a', 'b', 'c'].map((uid) => putting(given, uid))))).toEqual(['412', '412', 'done']);
    expect([await given.text('a.ics'), await given.text('b.ics')]).toEqual([undefined, undefined]);
  });

  it('leaves no half of what fails in its midst: the others are stored without it', async () => {
    const given = await givenDoor();
    await given.put('gone.ics', event('gone').body);
    const fails = async () => async (): Promise<void> => { throw new StoreError('over-quota', ''); };
    const result = await given.door.together([putting(given, 'a'), putting(given, 'b', { guard: fails }), { ...removing(given, 'gone.ics'), guard: fails }, putting(given, 'c')]);
    expect(told(result)).toEqual(['done', 'over-quota', 'over-quota', 'done']);
    const texts = await Promise.all(['a', 'b', 'gone', 'c'].map((uid) => given.text(`${uid}.ics`)));
    expect(texts.map((text) => text !== undefined)).toEqual([true, false, true, true]);
  });

  it('runs what the changes caused once for all, and says of those alone that the client is to look again', async () => {
    const job: JobDraft = { kind: 'x', payload: 1 };
    const given = await givenDoor({ steps: [step({ apply: (draft) => (uidOf(draft) === 'b' ? draft : { ...draft, jobs: [job] }) })] });
    const { results } = await given.door.together(['a', 'b', 'c'].map((uid) => putting(given, uid)));
    expect(given.ran.map((ids) => ids.length)).toEqual([2]);
    expect(results.map(({ value }) => value?.amended)).toEqual([true, false, true]);
  });
});
