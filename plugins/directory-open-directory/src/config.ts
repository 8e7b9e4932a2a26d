/** The config of this plugin: how to reach the directory, which schema it has, and what a site's schema has otherwise. Strict: a misspelt key is a problem. */
import { connectionFields } from '@kalends/lib-ldap';
import { z } from 'zod';

const attribute = z.string().regex(/^[A-Za-z][A-Za-z0-9.;-]*$/, 'expected the name of an attribute');
const attributes = z.array(attribute).min(1);
const when = z.strictObject({ attribute, values: z.array(z.string().min(1)).min(1).describe('In any case.') });
const MODES = ['none', 'accept-always', 'decline-always', 'accept-if-free', 'decline-if-busy', 'automatic'] as const;

const kind = {
  base: z.string().describe('Where they are: a DN, or one relative to `base`; empty: `base` itself.'),
  filter: z.string().min(3).describe('What makes an entry there one of them (RFC 4515).'),
  id: attribute.describe('A stable unique id that is never used again. Never a name: who gets an old name must not get the old calendars.'),
  names: attributes.describe('Record names, as in /principals/users/<name>/; preferred first.'),
  'display-name': attributes,
  emails: attributes.describe('Mail addresses; preferred first.'),
  enabled: when.describe('Enabled where the attribute has one of these values, and nobody else.'),
  disabled: when.describe('Enabled but where the attribute has one of these values.'),
  server: attribute.describe('Names the server that hosts the calendars.'),
  quota: attribute.describe('Octets.'),
};
const schedule = z.strictObject({
  mode: z.enum(MODES).optional().describe('Of those whose entry says nothing else.'),
  'mode-attribute': z.strictObject({ attribute, values: z.record(z.string().min(1), z.enum(MODES)) }).optional(),
  'accept-group': attribute.optional().describe('Holds the id of a group whose members are always accepted.'),
  capacity: attribute.optional(),
  'resource-info': attribute.optional().describe('Open Directory\'s property list: AutoAcceptsInvitation and the delegates.'),
});
const users = z.strictObject({
  ...kind,
  accounts: attributes.describe('Log-in names.'),
  'first-name': attribute,
  'last-name': attribute,
  expires: attribute.describe('Holds the time from which an account is disabled (krbPrincipalExpiration).'),
  locked: attribute.describe('Present while an account is locked, with the time of it (pwdAccountLockedTime).'),
  'lockout-seconds': z.number().int().min(1).describe('A lock ends after this long; default: when the attribute is gone.'),
}).partial();
const groups = z.strictObject({
  ...kind,
  members: z.array(z.strictObject({ attribute, holds: z.enum(['id', 'name', 'dn']) })).min(1).describe('Attributes with members: ids, names of users, or DNs.'),
  calendar: z.strictObject({
    when, members: z.enum(['none', 'read', 'write']).default('read').describe('What members may do.'), owners: attribute.optional().describe('Holds ids.'),
  }).describe('Which groups have a calendar of their own.'),
}).partial();
const places = z.strictObject({
  ...kind, schedule,
  delegates: z.strictObject({ read: attribute.optional(), write: attribute.optional() }).describe('Attributes with ids of delegates.'),
}).partial();
const orNone = <T extends z.ZodType>(mapping: T) => z.union([z.literal(false), mapping]).optional();

export const config = z.strictObject({
  ...connectionFields,
  domain: z.string().regex(/^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$/, 'expected a DNS name such as example.com').optional()
    .describe('Finds the servers by DNS (SRV) where there is no `url`, as FreeIPA\'s: _ldap._tcp.example.com; always encrypted.'),
  base: z.string().min(1).describe('Below it lies all that is looked for: dc=example,dc=com.'),
  preset: z.enum(['open-directory', 'posix', '389', 'freeipa']).default('open-directory').describe('The schema to start from; the kinds below change single fields of it, `false` leaves a kind out.'),
  users: users.optional(), groups: orNone(groups), locations: orNone(places), resources: orNone(places),
  digest: z.strictObject({ realm: z.string().min(1), md5: attribute.optional(), 'sha-256': attribute.optional() })
    .refine((given) => given.md5 !== undefined || given['sha-256'] !== undefined, 'name the attribute of `md5`, of `sha-256`, or of both').optional()
    .describe('Where the directory keeps HA1 for Digest (RFC 7616 §3.4.2), readable by bind-dn; without it Digest cannot work with this directory.'),
  'grace-seconds': z.number().int().min(0).max(86_400).default(900).describe('While no server can be reached, a password is taken that was confirmed this lately; 0: never.'),
});
export type Config = z.output<typeof config>;
export type UserFields = z.output<typeof users>;
export type GroupFields = z.output<typeof groups>;
export type PlaceFields = z.output<typeof places>;
