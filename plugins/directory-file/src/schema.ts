/**
 * The shape of a directory file: four lists of records, in the kebab-case of the config. Strict: a misspelt key is a problem, not a silent default.
 * What one record alone cannot show (duplicates, references, plain passwords) is checked in `read-directory.ts`.
 */
import { z } from 'zod';

/** Words that an access entry spells where an id may stand (contracts `Ace.principal`). */
const RESERVED = new Set(['all', 'authenticated', 'unauthenticated', 'self', 'administrators']);

const id = z
  .string()
  .regex(/^[A-Za-z0-9._~-]{1,128}$/, 'an id is 1 to 128 of the letters A to Z, digits and . _ ~ -')
  .refine((value) => !/^\.{1,2}$/.test(value) && !RESERVED.has(value), 'this word means something else in an access list; take a UUID');
const name = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^/\p{Cc}]+$/u, 'a name has no slash and no control characters')
  .refine((value) => value.trim() === value && !/^\.{1,2}$/.test(value), 'a name neither begins nor ends with a space, and is not a dot')
  .transform((value) => value.normalize('NFC'));
const account = name.refine((value) => !value.includes(':'), 'an account has no colon (RFC 7617 §2)');
const email = z.string().regex(/^[^\s@<>]+@[^\s@<>]+$/, 'expected an address such as ann@example.com');
const address = z.string().regex(/^(mailto|urn|https?):\S+$/i, 'expected a mailto:, urn: or http(s): address');
/** An id, a user's name, or `<type>/<name>`. Resolved when all records are known. */
const reference = z.string().min(1);

const UNITS = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;
const octets = z.union(
  [
    z.number().int().min(0),
    z.string().regex(/^\d+ ?(KiB|MiB|GiB|TiB)$/).transform((value) => Number.parseInt(value, 10) * UNITS[value.slice(-3) as keyof typeof UNITS]),
  ],
  'expected octets, or a number with KiB, MiB, GiB or TiB',
);

const schedule = z.strictObject({
  mode: z.enum(['none', 'accept-always', 'decline-always', 'accept-if-free', 'decline-if-busy', 'automatic']).optional(),
  'accept-group': reference.optional(),
  capacity: z.number().int().min(1).optional(),
});
const delegates = z.strictObject({ read: z.array(reference).default([]), write: z.array(reference).default([]) });

const hex = (octetCount: number) => z.string().regex(new RegExp(`^[0-9a-f]{${octetCount * 2}}$`), `expected ${octetCount * 2} lower-case hexadecimal digits`);
/** HA1 (RFC 7616 §3.4.2) holds account and realm, so there is one entry for each pair. */
const digest = z.strictObject({ account, realm: z.string().min(1), md5: hex(16), 'sha-256': hex(32) });
const credentials = z.strictObject({
  argon2id: z.string().regex(/^\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/, 'expected an argon2id hash: $argon2id$v=19$m=…,t=…,p=…$salt$hash').optional(),
  digest: z.array(digest).default([]),
});

const record = {
  id,
  /** The first is the one shown; the others find the record too. */
  name: z.preprocess((given) => (typeof given === 'string' ? [given] : given), z.array(name, 'a record needs a name, or a list of them').min(1)),
  'display-name': z.string().min(1).optional(),
  emails: z.array(email).default([]),
  /** Calendar user addresses besides those of `emails`. */
  addresses: z.array(address).default([]),
  enabled: z.boolean().default(true),
  locked: z.boolean().default(false),
  server: z.string().min(1).optional(),
  quota: octets.optional(),
};
const person = z.strictObject({
  ...record,
  'first-name': z.string().optional(),
  'last-name': z.string().optional(),
  /** Log-in names; absent: the record's names. */
  accounts: z.array(account).optional(),
  /** In the open: with `demo: true` only. */
  password: z.string().min(1).optional(),
  credentials: credentials.optional(),
  schedule: schedule.default({}),
  delegates: delegates.optional(),
});
const group = z.strictObject({
  ...record,
  members: z.array(reference).default([]),
  calendar: z.strictObject({ members: z.enum(['none', 'read', 'write']).default('read'), owners: z.array(reference).default([]) }).optional(),
});
const place = z.strictObject({ ...record, schedule: schedule.default({}), delegates: delegates.optional() });

export const directoryFile = z.strictObject({
  users: z.array(person).default([]),
  groups: z.array(group).default([]),
  locations: z.array(place).default([]),
  resources: z.array(place).default([]),
});
export type DirectoryFile = z.output<typeof directoryFile>;
export type PersonRecord = DirectoryFile['users'][number];
export type GroupRecord = DirectoryFile['groups'][number];
export type PlaceRecord = DirectoryFile['locations'][number];
/** The lists of the file, in its order, with the kind that a record of each has. */
export const SECTIONS = [['users', 'user'], ['groups', 'group'], ['locations', 'location'], ['resources', 'resource']] as const;
