/**
 * Schemas that directories come with. An id is an attribute that the directory itself makes and never gives twice: GeneratedUID, entryUUID (RFC 4530),
 * nsUniqueId, ipaUniqueID.
 */
import type { Config, GroupFields, PlaceFields, UserFields } from './config.ts';

export interface Preset {
  readonly users: UserFields; readonly groups: GroupFields;
  /** Undefined: none, unless the config says what they are. */ readonly locations: PlaceFields | undefined;
  readonly resources: PlaceFields | undefined;
}

const person = { names: ['uid'], accounts: ['uid'], 'display-name': ['displayName', 'cn'], 'first-name': 'givenName', 'last-name': 'sn', emails: ['mail'] };
const group = { names: ['cn'], 'display-name': ['displayName', 'cn'], emails: ['mail'] };
const place = { names: ['uid', 'cn'], 'display-name': ['displayName', 'cn'], emails: ['mail'] };

/** Apple's, on OpenLDAP: containers by kind, GeneratedUID, members by GUID beside RFC 2307's names. */
const applePlace = {
  ...place, id: 'apple-generateduid', 'display-name': ['apple-realname', 'cn'], filter: '(objectClass=apple-resource)',
  schedule: { mode: 'automatic' as const, 'resource-info': 'apple-resource-info', capacity: 'apple-capacity' },
};
const openDirectory: Preset = {
  users: { ...person, base: 'cn=users', filter: '(objectClass=inetOrgPerson)', id: 'apple-generateduid', 'display-name': ['cn'], locked: 'pwdAccountLockedTime' },
  groups: {
    ...group, base: 'cn=groups', filter: '(objectClass=posixGroup)', id: 'apple-generateduid', 'display-name': ['apple-group-realname', 'cn'],
    members: [{ attribute: 'apple-group-memberguid', holds: 'id' }, { attribute: 'apple-group-nestedgroup', holds: 'id' }, { attribute: 'memberUid', holds: 'name' }],
  },
  locations: { ...applePlace, base: 'cn=places' },
  resources: { ...applePlace, base: 'cn=resources' },
};

/** inetOrgPerson (RFC 2798) and posixAccount, posixGroup (RFC 2307) or groups of DNs (RFC 4519 §3.5), wherever they are. */
const posix: Preset = {
  users: { ...person, base: '', filter: '(objectClass=inetOrgPerson)', id: 'entryUUID', locked: 'pwdAccountLockedTime' },
  groups: {
    ...group, base: '', filter: '(|(objectClass=posixGroup)(objectClass=groupOfNames)(objectClass=groupOfUniqueNames))', id: 'entryUUID',
    members: [{ attribute: 'memberUid', holds: 'name' }, { attribute: 'member', holds: 'dn' }, { attribute: 'uniqueMember', holds: 'dn' }],
  },
  locations: undefined,
  resources: undefined,
};

/** By an administrator, on the entry or by a role; the server computes it either way. */
const inactive = { attribute: 'nsAccountLock', values: ['true'] };
/** Its own tools make people of nsPerson, which has neither first nor last name; older ones of inetOrgPerson. */
const redHat: Preset = {
  users: { ...posix.users, base: 'ou=people', filter: '(|(objectClass=inetOrgPerson)(objectClass=nsPerson))', id: 'nsUniqueId', disabled: inactive, locked: 'accountUnlockTime' },
  groups: { ...posix.groups, base: 'ou=groups', id: 'nsUniqueId' },
  locations: undefined,
  resources: undefined,
};
/**
 * Whoever is a posixAccount below cn=users: `admin` is no inetOrgPerson. A group that is one account's alone is no ipaUserGroup. Locks after wrong passwords stand in no
 * attribute that says so: its bind knows them.
 */
const freeIpa: Preset = {
  users: {
    ...posix.users, base: 'cn=users,cn=accounts', filter: '(objectClass=posixAccount)', id: 'ipaUniqueID', accounts: ['uid', 'krbPrincipalName'], disabled: inactive, expires: 'krbPrincipalExpiration',
    locked: undefined,
  },
  groups: { ...posix.groups, base: 'cn=groups,cn=accounts', filter: '(objectClass=ipaUserGroup)', id: 'ipaUniqueID', members: [{ attribute: 'member', holds: 'dn' }] },
  locations: undefined,
  resources: undefined,
};

export const presets: Readonly<Record<Config['preset'], Preset>> = { 'open-directory': openDirectory, posix, 389: redHat, freeipa: freeIpa };
/** For the places of a directory whose preset has none; with the id that its people have. */
export const plainPlace: PlaceFields = { ...place, schedule: { mode: 'automatic' } };
