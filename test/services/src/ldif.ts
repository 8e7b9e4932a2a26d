/** What the test directories hold, as LDIF (RFC 2849). Passwords are the name and `pw`. */

type Values = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** One entry. Values that LDIF cannot hold as they are become base64. */
export function record(dn: string, values: Values): string {
  const lines = Object.entries(values).flatMap(([name, value]) => [value].flat().filter((each) => each !== undefined).map((each) => line(name, String(each))));
  return `${[line('dn', dn), ...lines].join('\n')}\n\n`;
}

function line(name: string, value: string): string {
  return /^[\x21-\x39\x3b\x3d-\x7e][\x20-\x7e]*$/.test(value) && !value.endsWith(' ') ? `${name}: ${value}` : `${name}:: ${Buffer.from(value, 'utf8').toString('base64')}`;
}

export function top(base: string, containers: readonly string[]): string {
  return record(base, { objectClass: ['dcObject', 'organization'], dc: /^dc=([^,]+)/.exec(base)?.[1] ?? '', o: 'Example' })
    + containers.map((name) => record(`cn=${name},${base}`, { objectClass: 'applicationProcess', cn: name })).join('')
    + record(`uid=caladmin,${base}`, { objectClass: ['account', 'simpleSecurityObject'], uid: 'caladmin', userPassword: 'caladminpw' });
}

interface Person { readonly uid: string; readonly name: string; readonly number: number; readonly guid?: string; readonly status?: string; readonly more?: Values }

export function personRecord(base: string, { uid, name, number, guid, status = 'active', more = {} }: Person): string {
  return record(`uid=${uid},cn=users,${base}`, {
    objectClass: ['inetOrgPerson', 'posixAccount', ...(guid === undefined ? [] : ['apple-user', 'calendarPrincipal'])],
    uid, cn: name, sn: name.split(' ').at(-1), givenName: name.split(' ')[0], mail: `${uid}@example.test`, uidNumber: number, gidNumber: 20, homeDirectory: '/nonexistent', userPassword: `${uid}pw`,
    ...(guid === undefined ? {} : { 'apple-generateduid': guid, calStatus: status }), ...more,
  });
}

const PEOPLE = [['alice', 'Alice Example'], ['bob', 'Bob Example'], ['zoe', 'Zoë Ünïcode'], ['off', 'Off Duty']] as const;
const guid = (kind: number, number: number): string => `${String(kind)}0000000-0000-0000-0000-${String(number).padStart(12, '0')}`;

/** As Apple's tools leave it: GUIDs, nested groups, a room and a thing with a property list; one account is disabled. */
export function appleDirectory(base: string): string {
  const info = ['<?xml version="1.0" encoding="UTF-8"?>', '<plist version="1.0"><dict><key>com.apple.WhitePagesFramework</key><dict>', '<key>AutoAcceptsInvitation</key><true/>',
    `<key>CalendaringDelegate</key><string>${guid(1, 1)}</string><key>ReadOnlyCalendaringDelegate</key><string></string>`, '</dict></dict></plist>'].join('\n');
  const group = { objectClass: ['posixGroup', 'apple-group'] };
  const place = { objectClass: ['apple-resource', 'calendarPrincipal'], calStatus: 'active' };
  return top(base, ['users', 'groups', 'places', 'resources'])
    + PEOPLE.map(([uid, name], at) => personRecord(base, { uid, name, number: 1001 + at, guid: guid(1, at + 1), ...(uid === 'off' ? { status: 'disabled' } : {}) })).join('')
    + record(`cn=staff,cn=groups,${base}`, { ...group, cn: 'staff', gidNumber: 2001, 'apple-generateduid': guid(2, 1), 'apple-group-realname': 'All Staff', 'apple-group-memberguid': guid(1, 1), 'apple-group-nestedgroup': guid(2, 2), memberUid: 'alice', mail: 'staff@example.test' })
    + record(`cn=engineers,cn=groups,${base}`, { ...group, cn: 'engineers', gidNumber: 2002, 'apple-generateduid': guid(2, 2), 'apple-group-realname': 'Engineers', memberUid: 'bob' })
    + record(`cn=room1,cn=places,${base}`, { ...place, cn: 'room1', uid: 'room1', 'apple-realname': 'Room One', mail: 'room1@example.test', 'apple-generateduid': guid(3, 1), 'apple-capacity': 12, autoAcceptGroup: guid(2, 1), calRWProxy: guid(2, 2), calROProxy: guid(2, 1) })
    + record(`cn=projector1,cn=resources,${base}`, { ...place, cn: 'projector1', uid: 'projector1', 'apple-realname': 'Projector One', mail: 'projector1@example.test', 'apple-generateduid': guid(4, 1), 'apple-resource-info': info });
}

/** Nothing but what every LDAP server has: inetOrgPerson, posixGroup, groups of DNs that nest and ring. */
export function plainDirectory(base: string): string {
  const dn = (uid: string): string => `uid=${uid},cn=users,${base}`;
  const team = (cn: string, member: readonly string[]): string => record(`cn=${cn},cn=groups,${base}`, { objectClass: 'groupOfNames', cn, member });
  return top(base, ['users', 'groups'])
    + PEOPLE.map(([uid, name], at) => personRecord(base, { uid, name, number: 1001 + at })).join('')
    + record(`cn=staff,cn=groups,${base}`, { objectClass: 'posixGroup', cn: 'staff', gidNumber: 2001, memberUid: ['alice', 'zoe'] })
    + team('inner', [dn('bob')]) + team('outer', [dn('alice'), `cn=inner,cn=groups,${base}`]) + team('loop', [`cn=loop,cn=groups,${base}`, dn('zoe')]);
}

/** `bulk00001` and on, each with a name of its own. */
export function* bulkUsers(base: string, count: number): Generator<string> {
  for (let number = 1; number <= count; number++) {
    const digits = String(number).padStart(6, '0');
    yield personRecord(base, { uid: `bulk${digits}`, name: `Bulk Number${digits}`, number: 100_000 + number, guid: guid(9, number) });
  }
}
