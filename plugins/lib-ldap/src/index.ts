/** What directory plugins share: connections that fail over and never lose their bind unnoticed, records read by a mapping, groups, passwords. No plugin itself. */
export { LdapCredentials } from './credentials.ts';
export type { StoredDigests } from './credentials.ts';
export { checkDn, isBelow, join } from './dn.ts';
export { LdapEntry } from './entry.ts';
export { byRule, equal, every, not, present, readFilter, some } from './filters.ts';
export type { Filter } from './filters.ts';
export { relativeIdOf, siblingSid } from './guid.ts';
export { KindSearch } from './kinds.ts';
export { LdapDirectory } from './ldap-directory.ts';
export { ListedMemberships } from './memberships.ts';
export type { MemberAttribute, Memberships } from './memberships.ts';
export { Names, isUnknownName } from './names.ts';
export type { ServiceRecord } from './names.ts';
export { LdapPool } from './pool.ts';
export { idFilter, idOf, octetsOf } from './record-schema.ts';
export type { RecordFacts, RecordSchema } from './record-schema.ts';
export { connectionFields, readServer, readSettings } from './settings.ts';
export type { LdapServer } from './settings.ts';
