/**
 * What a new home holds (R13): `calendar` for events, `tasks` for to-dos, inbox, outbox, dropbox, notification; and where the store's one read ends in
 * it: which kind stands at a path. `freebusy` is a leaf without a row, so it is found here and stored nowhere.
 */
import type { CollectionDraft, ComponentKind, HomeOwner, HomeRoot, Located } from '@kalends/contracts';
import { clark, dav, storedText } from '@kalends/webdav';
import { SUPPORTED_COMPONENTS, storedComponents } from '../properties/component-set.ts';
import { SCHEDULE_TRANSPARENCY, storedTransparency } from '../properties/transparency.ts';
import type { Transparency } from '../properties/transparency.ts';
import { HOME_GRANTS, INBOX_GRANTS } from './default-access.ts';
import { ownerNotes } from './group-access.ts';

const DEFAULT_EVENTS = 'calendar';
const DEFAULT_TASKS = 'tasks';
/** The free-busy URL, the one leaf below a home that has no row. */
export const FREE_BUSY_LEAF = 'freebusy';
/** POST here adds a member (RFC 5995); a name no client would choose. */
export const ADD_MEMBER_LEAF = ';add-member';

/** What the root of a new home begins with. */
export const homeRoot = (kind: HomeOwner['kind']): HomeRoot => ({ properties: ownerNotes(kind), acl: HOME_GRANTS });

/** The first collections of every home, in the order of their making. */
export const HOME_COLLECTIONS: readonly CollectionDraft[] = [
  calendar(DEFAULT_EVENTS, 'VEVENT', 'opaque'),
  // Nobody is busy by a to-do; it says so to clients that would otherwise ask (RFC 6638 §9.1).
  calendar(DEFAULT_TASKS, 'VTODO', 'transparent'),
  { segment: 'inbox', kind: 'inbox', properties: new Map(), acl: INBOX_GRANTS },
  { segment: 'outbox', kind: 'outbox', properties: new Map() },
  { segment: 'dropbox', kind: 'files', properties: new Map() },
  { segment: 'notification', kind: 'notifications', properties: new Map() },
];

function calendar(segment: string, component: ComponentKind, transparency: Transparency): CollectionDraft {
  return {
    segment, kind: 'calendar',
    properties: new Map([
      [clark(dav('displayname')), storedText(dav('displayname'), segment)],
      [clark(SUPPORTED_COMPONENTS), storedComponents([component])],
      [clark(SCHEDULE_TRANSPARENCY), storedTransparency(transparency)],
    ]),
  };
}

/** Kinds of what lies directly in a collection of this kind. */
const MEMBERS: ReadonlyMap<string, string> = new Map([
  ['home', 'home-child'], ['calendar', 'calendar-item'], ['inbox', 'inbox-item'], ['notifications', 'notification'], ['files', 'file'],
]);

/** The kind of resource at a path that `locate` answered; `nowhere` where nothing is and nothing can be made. */
export function kindAt({ collection, rest }: Located): string {
  if (rest.length === 0) return collection.kind;
  if (rest.length > 1) return 'nowhere';
  if (collection.kind === 'home' && rest[0] === FREE_BUSY_LEAF) return 'free-busy-url';
  if (collection.kind === 'calendar' && rest[0] === ADD_MEMBER_LEAF) return 'add-member';
  return MEMBERS.get(collection.kind) ?? 'nowhere';
}
