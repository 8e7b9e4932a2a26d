/**
 * Group calendars (R9): what a group's members and the owners of its calendar may do in the group's home is said by the group's directory record, never by being
 * a member alone. So the group has no entry of its own in its home; this source grants what the record says.
 */
import type { AccessSource, Ace, Collection, Directory, Home, HomeOwner } from '@kalends/contracts';
import { ALL, READ, READ_CURRENT_USER_PRIVILEGE_SET, WRITE } from '@kalends/contracts';

/** A note of the house in the root of a home, which no client sees: the owner is a group. */
const OWNER_KIND = 'owner-kind';

export const ownerNotes = (kind: HomeOwner['kind']): ReadonlyMap<string, string> => new Map(kind === 'group' ? [[OWNER_KIND, kind]] : []);
export const isGroupHome = (home: Home | undefined): boolean => home?.root.properties.get(OWNER_KIND) === 'group';

const MEMBERS = { read: READ | READ_CURRENT_USER_PRIVILEGE_SET, write: READ | READ_CURRENT_USER_PRIVILEGE_SET | WRITE } as const;
/** The group's own mail is its owners'. */
const OWNERS_ONLY: ReadonlySet<string> = new Set(['inbox', 'outbox', 'notifications']);

export class GroupAccess implements AccessSource {
  readonly name = 'group-calendar';
  readonly #directory: Directory;

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  async grants(home: Home, { kind }: Collection): Promise<readonly Ace[]> {
    const calendar = isGroupHome(home) ? (await this.#directory.findById(home.owner))?.groupCalendar : undefined;
    if (calendar === undefined) return [];
    const owners = calendar.owners.map((principal): Ace => ({ principal, grant: ALL }));
    return calendar.members === 'none' || OWNERS_ONLY.has(kind) ? owners : [...owners, { principal: home.owner, grant: MEMBERS[calendar.members] }];
  }
}
