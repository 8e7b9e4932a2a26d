/** What directory plugins share: connections that fail over and never lose their bind unnoticed, records read by a mapping, groups, passwords. No plugin itself. */
export { LdapCredentials } from './credentials.ts';
export type { StoredDigests } from './credentials.ts';
export { dnKey, isBelow, join, parseDn } from './dn.ts';
export { LdapEntry } from './entry.ts';
export { LdapRefused, LdapUnreachable, sentenceOf } from './errors.ts';
export { byRule, contains, equal, every, not, present, readFilter, some, startsWith } from './filters.ts';
export type { Filter } from './filters.ts';
export { guidOctets, guidText, relativeIdOf, siblingSid } from './guid.ts';
export { LdapDirectory } from './ldap-directory.ts';
export { ListedMemberships } from './memberships.ts';
export type { MemberAttribute, Memberships } from './memberships.ts';
export { LdapPool } from './pool.ts';
export { attributesOf, idFilter, idOf, octetsOf } from './record-schema.ts';
export type { EmailAttribute, RecordFacts, RecordSchema } from './record-schema.ts';
export { connectionFields, readServer, readSettings } from './settings.ts';
export type { ConnectionConfig, LdapServer, LdapSettings } from './settings.ts';
