import { extensionPoint } from '@kalends/kernel/extension-point';
import type { Batches, PrincipalId } from './ids.ts';

/** Knows people, groups, rooms. Read only. Never lists everything unless asked to. */
export interface DirectorySource {
  readonly name: string;
  /** Its people are never administrators, and its groups make nobody one: other people than the server's admins write into it. */ readonly guests?: boolean;
  findById(id: PrincipalId): Promise<Principal | undefined>;
  /** Those of `ids` that are somebody's here, in whatever case they are written. Absent: each is asked about alone. */
  known?(ids: readonly PrincipalId[]): Promise<ReadonlySet<PrincipalId>>;
  findByAccount(account: string): Promise<Principal | undefined>;
  /** Record name, as in `/principals/users/<name>/`. */
  findByName(kind: Principal['kind'], name: string): Promise<Principal | undefined>;
  /** `mailto:` (any case of the scheme), `urn:uuid:`, `urn:x-uid:`, an absolute or relative principal URL: what ORGANIZER and ATTENDEE hold. */
  findByAddress(calendarUserAddress: string): Promise<Principal | undefined>;
  /** All groups, nested ones included. */
  groupsOf(id: PrincipalId): Promise<ReadonlySet<PrincipalId>>;
  membersOf(id: PrincipalId): Batches<PrincipalId>;
  search(query: DirectoryQuery): Batches<Principal>;
  /** Ascending by name, those after `after`. */
  list(kind: Principal['kind'], after: string | undefined, limit: number): Promise<readonly Principal[]>;
  /** Changes when memberships or records may have. Cheap; part of cache keys. */
  stamp(): Promise<string>;
}
export const directorySource = extensionPoint<DirectorySource, 'many'>('directory-source', 'many');
export interface Principal {
  readonly id: PrincipalId; readonly kind: 'user' | 'group' | 'location' | 'resource';
  /** Record names, preferred first. */ readonly names: readonly string[];
  /** Log-in names. */ readonly accounts: readonly string[];
  readonly displayName: string; readonly firstName?: string; readonly lastName?: string; readonly emails: readonly string[];
  /** Calendar user addresses, preferred first: what the record claims. Whom an address means, `findByAddress` says. */ readonly addresses: readonly string[];
  readonly enabled: boolean; readonly locked: boolean;
  /** The server that hosts its calendars (R43), as the source has it: a host, `host:port`, or an origin; absent: this one. */ readonly server?: string;
  /** What the Directory made of `server`; no source sets it. Absent: its calendars are here. Without `origin` nobody can tell where they are, so nobody serves them. */
  readonly elsewhere?: { readonly origin: string | undefined };
  readonly schedule: { readonly mode: ScheduleMode; readonly acceptGroup?: PrincipalId; readonly capacity?: number };
  readonly delegates?: { readonly read: readonly PrincipalId[]; readonly write: readonly PrincipalId[] };
  readonly groupCalendar?: { readonly members: 'none' | 'read' | 'write'; readonly owners: readonly PrincipalId[] };
  readonly quotaOctets?: number;
  /** Of a source of guests; whoever puts sources together says so. */ readonly guest?: true;
}
/** R4. */
export type ScheduleMode = 'none' | 'accept-always' | 'decline-always' | 'accept-if-free' | 'decline-if-busy' | 'automatic';
export interface DirectoryQuery {
  /** True: any term is enough. */ readonly anyOf: boolean;
  readonly terms: readonly {
    readonly field: 'name' | 'display-name' | 'first-name' | 'last-name' | 'email' | 'address';
    readonly text: string;
    readonly match: 'equals' | 'starts-with' | 'contains';
  }[];
  readonly kinds: readonly Principal['kind'][]; readonly limit: number;
}
