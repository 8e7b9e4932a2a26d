/**
 * FreeIPA's tree in a 389 Directory Server: containers, classes, attributes (their names and OIDs), who may read what by default, its compatibility tree by the very
 * plugin that FreeIPA uses. It is no FreeIPA: nobody counts wrong passwords as its own plugins do, and entries are written as its tools would write them.
 */
import { startDirectory389 } from './directory-389.ts';
import type { Directory389 } from './directory-389.ts';
import { record } from './ldif.ts';

export const FREE_IPA_REALM = 'EXAMPLE.TEST';
/** What tells one account for good. */
export const ipaId = (number: number): string => `3f1c0de0-e69f-11f1-9186-${String(number).padStart(12, '0')}`;

type Name = readonly [oid: string, name: string];
const OF_IPA = '2.16.840.1.113730.3.8';
const OF_KERBEROS = '2.16.840.1.113719.1.301';
const [TEXT, IA5, TIME, INTEGER, OCTETS, BOOLEAN] = ['15', '26', '24', '27', '40', '7'].map((last) => `1.3.6.1.4.1.1466.115.121.1.${last}`) as [string, string, string, string, string, string];
const attribute = ([oid, name]: Name, syntax: string, equality: string, more = ''): string => `attributeTypes: ( ${oid} NAME '${name}' EQUALITY ${equality} SYNTAX ${syntax}${more} )\n`;
const auxiliary = ([oid, name]: Name, rest: string): string => `objectClasses: ( ${oid} NAME '${name}' SUP top AUXILIARY ${rest} )\n`;

/** The part of FreeIPA's schema that its accounts and groups are made of. */
const schema = attribute([`${OF_IPA}.3.1`, 'ipaUniqueID'], TEXT, 'caseIgnoreMatch')
  + attribute([`${OF_IPA}.11.31`, 'ipaSshPubKey'], OCTETS, 'octetStringMatch')
  + attribute([`${OF_KERBEROS}.4.1.1`, 'krbPrincipalName'], IA5, 'caseExactIA5Match')
  + attribute(['1.2.840.113554.1.4.1.6.1', 'krbCanonicalName'], IA5, 'caseExactIA5Match', ' SINGLE-VALUE')
  + ([['6.1', 'krbPrincipalExpiration'], ['37.1', 'krbPasswordExpiration'], ['45.1', 'krbLastPwdChange'], ['49.1', 'krbLastFailedAuth']] as const)
    .map(([last, name]) => attribute([`${OF_KERBEROS}.4.${last}`, name], TIME, 'generalizedTimeMatch', ' SINGLE-VALUE')).join('')
  + attribute([`${OF_KERBEROS}.4.50.1`, 'krbLoginFailedCount'], INTEGER, 'integerMatch', ' SINGLE-VALUE')
  + attribute([`${OF_KERBEROS}.4.5.1`, 'krbUPEnabled'], BOOLEAN, 'booleanMatch', ' SINGLE-VALUE')
  + auxiliary([`${OF_IPA}.4.12`, 'ipaObject'], 'MUST ipaUniqueID')
  + auxiliary([`${OF_IPA}.12.12`, 'ipaSshUser'], 'MAY ipaSshPubKey')
  + auxiliary([`${OF_KERBEROS}.6.8.1`, 'krbPrincipalAux'],
    'MAY ( krbPrincipalName $ krbCanonicalName $ krbPrincipalExpiration $ krbPasswordExpiration $ krbLastPwdChange $ krbLastFailedAuth $ krbLoginFailedCount $ krbUPEnabled )')
  + auxiliary([`${OF_KERBEROS}.6.16.1`, 'krbTicketPolicyAux'], '')
  + `objectClasses: ( ${OF_IPA}.4.3 NAME 'nestedGroup' SUP groupOfNames STRUCTURAL MAY memberOf )\n`
  + `objectClasses: ( ${OF_IPA}.4.4 NAME 'ipaUserGroup' SUP nestedGroup STRUCTURAL )\n`;

const aci = (name: string, who: 'anyone' | 'all', attributes: readonly string[], filter: string): string =>
  `(targetattr = "${attributes.join(' || ')}")(targetfilter = "${filter}")(version 3.0; acl "${name}"; allow (read, search, compare)(userdn = "ldap:///${who}");)`;

/** FreeIPA's default permissions: ids, mail, locks and members are for those alone who have bound. */
const containers = aci('containers', 'anyone', ['objectClass', 'cn', 'dc'], '(|(objectClass=nsContainer)(objectClass=domain))');
const ofUsers = [
  aci('standard', 'anyone', ['objectClass', 'cn', 'sn', 'description', 'title', 'uid', 'displayName', 'givenName', 'initials', 'manager', 'gecos', 'gidNumber', 'homeDirectory', 'loginShell', 'uidNumber'], '(objectClass=posixAccount)'),
  aci('address book', 'all', ['mail', 'telephoneNumber', 'ou'], '(objectClass=posixAccount)'), aci('ipa', 'all', ['ipaUniqueID', 'ipaSshPubKey'], '(objectClass=posixAccount)'),
  aci('kerberos', 'all', ['krbPrincipalName', 'krbCanonicalName', 'krbPrincipalExpiration', 'krbPasswordExpiration', 'krbLastPwdChange', 'nsAccountLock'], '(objectClass=posixAccount)'),
  aci('membership', 'all', ['memberOf'], '(objectClass=posixAccount)'),
];
const ofGroups = [
  aci('groups', 'anyone', ['objectClass', 'cn', 'description', 'gidNumber', 'ipaUniqueID', 'mepManagedBy'], '(|(objectClass=ipaUserGroup)(objectClass=posixGroup))'),
  aci('members', 'all', ['member', 'memberOf', 'memberUid'], '(|(objectClass=ipaUserGroup)(objectClass=posixGroup))'),
];
const ofCompat = (base: string): string => `(target = "ldap:///cn=compat,${base}")${aci('compat', 'anyone', ['objectClass', 'uid', 'cn', 'gecos', 'uidNumber', 'gidNumber', 'homeDirectory', 'memberUid'], '(objectClass=*)')}`;

export const PRESERVED = 'cn=deleted users,cn=accounts,cn=provisioning';

export function ipaUser(base: string, uid: string, number: number, cn: string, more: Readonly<Record<string, string>> = {}): string {
  const [givenName = uid, sn = uid] = cn.split(' ');
  return record(`uid=${uid},cn=users,cn=accounts,${base}`, {
    objectClass: ['top', 'person', 'organizationalPerson', 'inetOrgPerson', 'inetUser', 'posixAccount', 'krbPrincipalAux', 'krbTicketPolicyAux', 'ipaObject', 'ipaSshUser', 'mepOriginEntry'],
    uid, cn, sn, givenName, displayName: cn, gecos: uid, mail: `${uid}@example.test`, krbPrincipalName: `${uid}@${FREE_IPA_REALM}`, krbCanonicalName: `${uid}@${FREE_IPA_REALM}`, uidNumber: 5000 + number,
    gidNumber: 5000 + number, homeDirectory: `/home/${uid}`, loginShell: '/bin/sh', ipaUniqueID: ipaId(number), mepManagedEntry: `cn=${uid},cn=groups,cn=accounts,${base}`, userPassword: `${uid}pw`, ...more,
  }) + record(`cn=${uid},cn=groups,cn=accounts,${base}`, {
    objectClass: ['top', 'posixGroup', 'ipaObject', 'mepManagedEntry'], cn: uid, gidNumber: 5000 + number, ipaUniqueID: ipaId(1000 + number), description: `User private group for ${uid}`,
    mepManagedBy: `uid=${uid},cn=users,cn=accounts,${base}`,
  });
}

function* tree(base: string): Generator<string> {
  const container = (dn: string, ...acis: readonly string[]): string => record(`${dn},${base}`, { objectClass: 'nsContainer', cn: /^cn=([^,]+)/.exec(dn)?.[1] ?? '', aci: acis });
  const user = (uid: string): string => `uid=${uid},cn=users,cn=accounts,${base}`;
  yield record(base, { objectClass: 'domain', dc: 'example', aci: [containers, ofCompat(base)] });
  yield container('cn=accounts') + container('cn=users,cn=accounts', ...ofUsers) + container('cn=groups,cn=accounts', ...ofGroups) + container('cn=provisioning') + container('cn=accounts,cn=provisioning');
  yield container(PRESERVED) + container('cn=etc') + container('cn=sysaccounts,cn=etc');
  yield record(`uid=svc,cn=sysaccounts,cn=etc,${base}`, { objectClass: ['account', 'simpleSecurityObject'], uid: 'svc', userPassword: 'calsvcpw' });
  yield record(user('admin'), {
    objectClass: ['top', 'person', 'posixAccount', 'krbPrincipalAux', 'krbTicketPolicyAux', 'inetUser', 'ipaObject', 'ipaSshUser'], uid: 'admin', cn: 'Administrator', sn: 'Administrator', uidNumber: 5000, gidNumber: 5000,
    homeDirectory: '/home/admin', gecos: 'Administrator', krbPrincipalName: `admin@${FREE_IPA_REALM}`, nsAccountLock: 'FALSE', ipaUniqueID: ipaId(0), userPassword: 'adminpw',
  });
  for (const [at, [uid, cn]] of ([['alice', 'Alice Example'], ['bob', 'Bob Example'], ['zoe', 'Zoë Ünïcode']] as const).entries()) yield ipaUser(base, uid, at + 1, cn);
  yield ipaUser(base, 'off', 4, 'Off Duty', { nsAccountLock: 'TRUE' }) + ipaUser(base, 'temp', 5, 'Temp Worker', { krbPrincipalExpiration: '20200101000000Z' });
  const classes = ['top', 'groupOfNames', 'nestedGroup', 'ipaUserGroup', 'ipaObject'];
  const group = (cn: string, number: number, member: readonly string[], posix = false): string => record(`cn=${cn},cn=groups,cn=accounts,${base}`, {
    objectClass: [...classes, ...(posix ? ['posixGroup'] : [])], cn, member, ipaUniqueID: ipaId(number), ...(posix ? { gidNumber: 6000 + number } : {}),
  });
  yield group('admins', 2001, [user('admin')], true) + group('ipausers', 2002, ['alice', 'bob', 'zoe', 'off', 'temp'].map(user)) + group('inner', 2003, [user('bob')], true);
  yield group('outer', 2004, [user('alice'), `cn=inner,cn=groups,cn=accounts,${base}`], true);
}

/** The compatibility tree, as FreeIPA sets it up: the accounts and groups once more, by RFC 2307, with neither id nor mail. */
function compatibility(base: string): string {
  const plugin = 'cn=Schema Compatibility,cn=plugins,cn=config';
  const map = (kind: string, filter: string, rdn: string, attributes: readonly string[]): string => record(`cn=${kind},${plugin}`, {
    objectClass: ['top', 'extensibleObject'], cn: kind, 'schema-compat-container-group': `cn=compat,${base}`, 'schema-compat-container-rdn': `cn=${kind}`, 'schema-compat-search-base': `cn=${kind},cn=accounts,${base}`,
    'schema-compat-search-filter': filter, 'schema-compat-entry-rdn': rdn, 'schema-compat-entry-attribute': attributes,
  });
  return record(plugin, {
    objectClass: ['top', 'nsSlapdPlugin', 'extensibleObject'], cn: 'Schema Compatibility', 'nsslapd-pluginpath': 'schemacompat-plugin', 'nsslapd-plugininitfunc': 'schema_compat_plugin_init', 'nsslapd-plugintype': 'object',
    'nsslapd-pluginenabled': 'on', 'nsslapd-pluginid': 'schema-compat-plugin', 'nsslapd-pluginversion': '0.8', 'nsslapd-pluginvendor': 'redhat.com', 'nsslapd-plugindescription': 'Schema Compatibility Plugin',
  })
    + map('users', 'objectClass=posixAccount', 'uid=%{uid}', ['objectClass=posixAccount', 'gecos=%{cn}', 'cn=%{cn}', 'uidNumber=%{uidNumber}', 'gidNumber=%{gidNumber}', 'homeDirectory=%{homeDirectory}'])
    + map('groups', 'objectClass=posixGroup', 'cn=%{cn}', ['objectClass=posixGroup', 'gidNumber=%{gidNumber}', 'memberUid=%{memberUid}', 'memberUid=%deref("member","uid")']);
}

/** Read by the system account `uid=svc,cn=sysaccounts,cn=etc`. */
export function startFreeIpaTree(): Promise<Directory389> {
  return startDirectory389({ data: tree, schema, config: compatibility, indexes: ['krbPrincipalName', 'displayName', 'ipaUniqueID'], reader: (base) => `uid=svc,cn=sysaccounts,cn=etc,${base}` });
}
