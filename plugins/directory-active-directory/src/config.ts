/** The config of this plugin. Active Directory's schema is known, so there is little to say; rooms and equipment are what sites keep in their own ways. */
import { connectionFields } from '@kalends/lib-ldap';
import { z } from 'zod';

const { 'start-tls': startTls, url, ...connection } = connectionFields;
const place = z.strictObject({
  base: z.string().min(1).optional().describe('An organizational unit that holds these and nobody else: OU=Rooms,OU=Example.'),
  filter: z.string().min(3).optional().describe('What tells these from people (RFC 4515); default, without `base`: Exchange\'s room or equipment mailboxes.'),
  mode: z.enum(['none', 'accept-always', 'decline-always', 'accept-if-free', 'decline-if-busy', 'automatic']).default('automatic').describe('How they answer invitations.'),
});

export const config = z.strictObject({
  domain: z.string().regex(/^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$/, 'expected a DNS name such as corp.example.com').optional()
    .describe('The domain: corp.example.com. Gives `base`, and the domain controllers by DNS (SRV) where there is no `url`.'),
  url, 'start-tls': startTls, ...connection,
  site: z.string().regex(/^[^.\s]{1,63}$/, 'expected the name of a site such as Berlin').optional().describe('The site this server is in: its domain controllers are asked before others of the domain.'),
  base: z.string().min(1).optional().describe('Below it lies all that is looked for: DC=corp,DC=example,DC=com.'),
  'netbios-domain': z.string().regex(/^[^\\/:*?"<>|]{1,15}$/).optional().describe('CORP, where people log in as CORP\\name.'),
  users: z.strictObject({
    base: z.string().min(1).optional().describe('Where people are, if not anywhere in the domain.'),
    filter: z.string().min(3).optional().describe('Who of them may have calendars: (memberOf=CN=Staff,OU=Groups,DC=corp,DC=example,DC=com).'),
  }).default({}),
  groups: z.strictObject({ base: z.string().min(1).optional(), filter: z.string().min(3).optional() }).default({}),
  locations: z.union([z.literal(false), place]).prefault({}),
  resources: z.union([z.literal(false), place]).prefault({}),
  'grace-seconds': z.number().int().min(0).max(86_400).default(900).describe('While no domain controller can be reached, a password is taken that was confirmed this lately; 0: never.'),
}).refine(({ domain, base }) => domain !== undefined || base !== undefined, 'say which domain: `domain: corp.example.com`, or `base`');
export type Config = z.output<typeof config>;
export type Place = z.output<typeof place>;
