/** A door on a test's store, with amy's home in it. */
import type { CalendarStore, Clock, Collection, Directory, Home, Identity, ItemName, JobQueue, Limits, PrincipalId, WriteContext, WriteStep } from '@kalends/contracts';
import { CalendarHomes } from '../resources/calendar-home.ts';
import { CalendarDoor } from './commit.ts';
import type { Outcome, PutChange } from './commit.ts';
import { WriteSteps } from './steps.ts';

export const LIMITS: Limits = {
  homeOctets: Infinity, attachmentOctets: Infinity, attachmentOctetsPerItem: Infinity, resourceOctets: 1_048_576, attendees: 100, instances: 3000, calendarsPerHome: 50,
  itemsPerCalendar: 10_000, attachmentsPerItem: Infinity, queryPast: Infinity, queryFuture: Infinity, queryResults: Infinity, multigetHrefs: 5000,
};

export interface GivenDoor {
  readonly door: CalendarDoor; readonly store: CalendarStore; readonly home: Home; readonly calendar: Collection; readonly tasks: Collection;
  readonly ran: readonly (readonly string[])[];
  readonly notices: readonly { readonly collection: string; readonly urgency: string }[];
  put(name: string, octets: Uint8Array | string, more?: Partial<PutChange>): Promise<Outcome>;
  context(): WriteContext;
  text(name: string, collection?: Collection): Promise<string | undefined>;
}

/** What a door stands on. The store had better run each `work` twice, so that one with an effect beside `tx` shows. */
export interface Ground { readonly store: CalendarStore; readonly clock: Clock; readonly directory: Directory }

export async function givenDoor({ store, clock, directory }: Ground, options: { readonly steps?: readonly WriteStep[]; readonly limits?: Partial<Limits> } = {}): Promise<GivenDoor> {
  const homes = new CalendarHomes(store, directory);
  const home = (await homes.ensure(AMY))!;
  const below = await store.listCollections(home.root.id, 1);
  const calendar = below.find(({ segment }) => segment === 'calendar')!;
  const tasks = below.find(({ segment }) => segment === 'tasks')!;
  const ran: string[][] = [];
  const notices: { collection: string; urgency: string }[] = [];
  const queue: JobQueue = { handle: () => undefined, runNow: async (ids) => { ran.push([...ids]); return 'done'; } };
  const door = new CalendarDoor({
    store, steps: new WriteSteps(options.steps ?? []), queue, limits: { ...LIMITS, ...options.limits }, clock, directory,
    notifiers: [{ changed: ({ collection, urgency }) => void notices.push({ collection, urgency }) }],
  });
  const identity: Identity = { principal: AMY, groups: new Set(), admin: false, scheme: 'test' };
  const context = (): WriteContext => ({ identity, resource: { kind: 'calendar-item', path: '/', canonical: '/', owner: AMY, home, collection: calendar }, headers: {} });
  return {
    door, store, home, calendar, tasks, ran, notices, context,
    put: (name, octets, more = {}) => door.put({
      home, collection: calendar, name: name as ItemName, octets: typeof octets === 'string' ? Buffer.from(octets) : octets, media: 'text/calendar', context: context(), ...more,
    }),
    text: async (name, collection = calendar) => {
      const item = await store.findItem(collection.id, name as ItemName, { body: true });
      return item?.body === undefined ? undefined : Buffer.from(item.body).toString('utf8');
    },
  };
}

export const AMY = 'id-amy' as PrincipalId;
