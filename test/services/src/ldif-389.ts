/** What a 389 Directory Server holds in tests: people as its older tools and as its newer ones make them, and those of Apple's directory otherwise. Passwords are the name and `pw`. */
import { record } from './ldif.ts';

const aci = (name: string, who: string, attributes = '*', more = 'nsUniqueId || nsAccountLock || accountUnlockTime'): string =>
  `(targetattr = "${attributes} || ${more}")(version 3.0; acl "${name}"; allow (read, search, compare)(userdn = "ldap:///${who}");)`;

/** `uid=calsvc,ou=services` reads all but passwords, as docs/directories.md has it. */
export function* peopleOf389(base: string): Generator<string> {
  const unit = (name: string, more: Readonly<Record<string, readonly string[]>> = {}): string => record(`ou=${name},${base}`, { objectClass: 'organizationalUnit', ou: name, ...more });
  const person = (uid: string): string => `uid=${uid},ou=people,${base}`;
  yield record(base, { objectClass: 'domain', dc: 'example', aci: [aci('people', `uid=calsvc,ou=services,${base}`), '(targetattr = "userPassword")(version 3.0; acl "secrets"; deny (read, search, compare)(userdn = "ldap:///anyone");)'] });
  yield unit('people') + unit('groups') + unit('rooms') + unit('services');
  yield record(`uid=calsvc,ou=services,${base}`, { objectClass: ['account', 'simpleSecurityObject'], uid: 'calsvc', userPassword: 'calsvcpw' });
  for (const [uid, cn] of [['alice', 'Alice Example'], ['bob', 'Bob Example'], ['zoe', 'Zoë Ünïcode'], ['off', 'Off Duty']] as const) {
    yield record(person(uid), {
      objectClass: ['inetOrgPerson', 'inetUser'], uid, cn, givenName: cn.split(' ')[0], sn: cn.split(' ')[1], mail: `${uid}@example.test`, userPassword: `${uid}pw`, ...(uid === 'off' ? { nsAccountLock: 'true' } : {}),
    });
  }
  const team = (cn: string, member: readonly string[]): string => record(`cn=${cn},ou=groups,${base}`, { objectClass: ['groupOfNames', 'nsMemberOf'], cn, member });
  yield team('inner', [person('bob')]) + team('outer', [person('alice'), `cn=inner,ou=groups,${base}`]) + team('loop', [`cn=loop,ou=groups,${base}`, person('zoe')]);
  yield record(`cn=unique,ou=groups,${base}`, { objectClass: 'groupOfUniqueNames', cn: 'unique', uniqueMember: [person('alice'), person('bob')] });
  yield record(`cn=oak,ou=rooms,${base}`, { objectClass: ['room', 'mailRecipient'], cn: 'oak', mail: 'oak@example.test', roomNumber: '1.01' });
}

/** Without passwords: `bulk00001` and on, and one group of them all. */
export function* crowdOf389(base: string, count: number): Generator<string> {
  const uids = Array.from({ length: count }, (_, at) => `bulk${String(at + 1).padStart(5, '0')}`);
  for (const uid of uids) yield record(`uid=${uid},ou=people,${base}`, { objectClass: 'inetOrgPerson', uid, cn: `Bulk ${uid.slice(4)}`, sn: uid.slice(4), mail: `${uid}@example.test` });
  yield record(`cn=crowd,ou=groups,${base}`, { objectClass: 'groupOfNames', cn: 'crowd', member: uids.map((uid) => `uid=${uid},ou=people,${base}`) });
}
