/**
 * The kinds as Active Directory has them, with nothing added to its schema. Ids are objectGUID: they survive renames and moves. A room or a piece of equipment is
 * a disabled account with a mailbox, told from people by Exchange's attributes or by where the config says they are.
 */
import type { Clock } from '@kalends/contracts';
import { equal, every, isBelow, join, not, readFilter, some } from '@kalends/lib-ldap';
import type { Filter, LdapEntry, RecordSchema } from '@kalends/lib-ldap';
import { ACCOUNT_ATTRIBUTES, accountFacts } from './account.ts';
import type { Config, Place } from './config.ts';

/** msExchRecipientTypeDetails, and the same of mailboxes in the cloud. */
const EXCHANGE = { location: ['16', '8589934592'], resource: ['32', '17179869184'] } as const;
const TYPE = 'msExchRecipientTypeDetails';
const PERSON = '(&(objectCategory=person)(objectClass=user))';

type PlaceKind = keyof typeof EXCHANGE;

/** Rooms and equipment first: each is a user too. @throws Error with a sentence for the admin */
export function readSchemas(config: Config, base: string, clock: Clock): readonly RecordSchema[] {
  const places = (['location', 'resource'] as const).flatMap((kind) => {
    const place = config[`${kind}s`];
    return place === false ? [] : [{ kind, place }];
  });
  const shared = {
    id: { attribute: 'objectGUID', form: 'guid' }, names: ['sAMAccountName'], displayName: ['displayName', 'cn'], accounts: ['sAMAccountName', 'userPrincipalName'],
    emails: [{ attribute: 'mail' }, { attribute: 'proxyAddresses', prefix: 'smtp:' }],
  } as const;
  return [
    ...places.map(({ kind, place }): RecordSchema => ({
      ...shared, kind, base: join(place.base ?? '', base), filter: every(readFilter(PERSON), placeFilter(kind, place)), more: ['msExchResourceCapacity'],
      facts: (entry) => ({ enabled: true, locked: false, schedule: { mode: place.mode, ...capacityOf(entry) } }),
    })),
    {
      ...shared, kind: 'group', base: join(config.groups.base ?? '', base), filter: withFilter(readFilter('(objectCategory=group)'), config.groups.filter, 'groups'), more: [],
      facts: () => ({ enabled: true, locked: false }),
    },
    {
      ...shared, kind: 'user', base: join(config.users.base ?? '', base), firstName: 'givenName', lastName: 'sn', more: [...ACCOUNT_ATTRIBUTES, TYPE],
      filter: withFilter(peopleFilter(places.map(({ place }) => place)), config.users.filter, 'users'),
      facts: (entry) => accountFacts(entry, clock.now() / 1000), accepts: (entry) => !places.some(({ kind, place }) => isPlace(entry, kind, place, base)),
    },
  ];
}

function withFilter(filter: Filter, more: string | undefined, kind: string): Filter {
  return more === undefined ? filter : every(filter, readFilter(more, [kind, 'filter']));
}

/** Undefined attributes match nothing, so a forest that never saw Exchange has no such places. */
function placeFilter(kind: PlaceKind, { base, filter }: Place): Filter {
  if (filter !== undefined) return readFilter(filter, [`${kind}s`, 'filter']);
  return base === undefined ? some(EXCHANGE[kind].map((type) => equal(TYPE, type)))! : readFilter('(objectClass=user)');
}

/** The directory itself leaves out what an admin's filter names. Not so by default: "not room" is nobody at all where the schema has no such attribute. */
function peopleFilter(places: readonly Place[]): Filter {
  const named = places.flatMap(({ base, filter }) => (filter === undefined || base !== undefined ? [] : [not(readFilter(filter))]));
  return every(readFilter(PERSON), ...named);
}

function isPlace(entry: LdapEntry, kind: PlaceKind, place: Place, root: string): boolean {
  if (place.base !== undefined) return isBelow(entry.dn, join(place.base, root));
  return place.filter === undefined && entry.texts(TYPE).some((type) => (EXCHANGE[kind] as readonly string[]).includes(type));
}

function capacityOf(entry: LdapEntry): { readonly capacity?: number } {
  const text = entry.text('msExchResourceCapacity');
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? { capacity: Number(text) } : {};
}
