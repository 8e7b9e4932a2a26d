/** DAV:supported-privilege-set of what has no calendar data: `/`, listings, principals, proxy principals (RFC 3744 §5.3). */
import {
  ALL, BIND, READ, READ_ACL, READ_CURRENT_USER_PRIVILEGE_SET, SCHEDULE, SCHEDULE_DELIVER, SCHEDULE_SEND, UNBIND, UNLOCK, WRITE, WRITE_ACL, WRITE_CONTENT, WRITE_PROPERTIES,
} from '@kalends/contracts';
import type { PrivilegeTree } from '@kalends/contracts';
import { dav } from '../xml/names.ts';

/** Below DAV:read (RFC 3744 §3 lets it): whoever is let read knows what else he may. Clients take a calendar that does not say so for one that only reads. */
export const readOwnPrivileges: PrivilegeTree = { name: dav('read-current-user-privilege-set'), bits: READ_CURRENT_USER_PRIVILEGE_SET, description: 'read privileges for current principal' };

/** What every tree has beside DAV:read (RFC 3744 §3.2-§3.10). */
export const writingPrivileges: readonly PrivilegeTree[] = [
  {
    name: dav('write'), bits: WRITE, description: 'write resource',
    children: [
      { name: dav('write-properties'), bits: WRITE_PROPERTIES, description: 'write resource properties' },
      { name: dav('write-content'), bits: WRITE_CONTENT, description: 'write resource content' },
      { name: dav('bind'), bits: BIND, description: 'add child resource' },
      { name: dav('unbind'), bits: UNBIND, description: 'remove child resource' },
    ],
  },
  { name: dav('unlock'), bits: UNLOCK, description: 'unlock resource without ownership of lock' },
  { name: dav('read-acl'), bits: READ_ACL, description: 'read resource access control list' },
  { name: dav('write-acl'), bits: WRITE_ACL, description: 'write resource access control list' },
];

export const davPrivileges: PrivilegeTree = {
  name: dav('all'), bits: ALL & ~(SCHEDULE_DELIVER | SCHEDULE_SEND | SCHEDULE), description: 'all privileges',
  children: [{ name: dav('read'), bits: READ, description: 'read resource', children: [readOwnPrivileges] }, ...writingPrivileges],
};
