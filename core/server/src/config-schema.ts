/**
 * The top sections of a deployment's config; `plugins` is checked by the kernel and by each plugin. Every section has defaults, so an empty file is valid; the
 * numbers that `config/default.yaml` spells out for readers are these.
 */
import { listenEntry, TrustedProxies } from '@kalends/http';
import { secret } from '@kalends/kernel';
import { z } from 'zod';
import { count, octets, span } from './config-fields.ts';

const network = z.string().min(2).refine(isNetwork, { error: ({ input }) => `${JSON.stringify(input)} is neither an address nor a network, such as 192.0.2.10 or 10.0.0.0/8; names are not looked up` });

const server = z.strictObject({
  'public-url': z.url({ protocol: /^https?$/ }).optional().describe('How clients reach the server; default: the first address of `listen`.'),
  listen: z.array(listenEntry).min(1).optional().describe('Default: 127.0.0.1:8008, and with `tls` https://127.0.0.1:8443 before it.'),
  tls: z.union([
    z.literal('self-signed').describe('A certificate of our own, made on the first start.'),
    z.strictObject({
      certificate: z.string().min(1).describe('PEM file: the certificate, then its chain.'),
      key: z.string().min(1).describe('PEM file, or its text by { file: … } or { env: … }.'),
      passphrase: secret().optional().describe('Of the key, where it has one.'),
    }),
  ]).optional().describe('The certificate of the addresses with TLS.'),
  'trusted-proxies': z.array(network).default([]).describe('Addresses or networks whose X-Forwarded-For, -Proto and PROXY headers are believed.'),
  data: z.string().min(1).optional().describe('The data root; default: the folder `data` where the server is started.'),
}).transform((given) => ({ ...given, listen: given.listen ?? (given.tls === undefined ? ['127.0.0.1:8008'] : ['https://127.0.0.1:8443', 'http://127.0.0.1:8008']) }));

const process = z.strictObject({
  role: z.enum(['single', 'combined', 'master', 'slave']).default('single').describe('single: one process. combined: a master and its workers.'),
  workers: z.union([z.literal('auto'), z.int().min(1).max(256)]).default('auto').describe('Workers of a master; auto: one a core.'),
  'drain-seconds': z.int().min(1).max(600).default(20).describe('How long requests in flight may take when the server stops.'),
  'pid-file': z.string().min(1).optional().describe('Written on start, removed on a clean stop; default: none.'),
});

const limits = z.strictObject({
  'home-octets': octets().default(2 * 2 ** 30).describe('Calendars and attachments of one principal; a directory record may say otherwise.'),
  'attachment-octets': octets().default(10 * 2 ** 20).describe('One attachment.'),
  'attachment-octets-per-item': octets().default(50 * 2 ** 20).describe('All attachments of one calendar object.'),
  'attachments-per-item': count().prefault('none').describe('How many attachments one calendar object has.'),
  'resource-octets': octets().default(2 ** 20).describe('One calendar object.'),
  attendees: count().default(100).describe('Of one calendar object (CALDAV:max-attendees-per-instance).'),
  instances: count().default(3_000).describe('Occurrences of one series.'),
  'calendars-per-home': count().default(250).describe('Calendars of one principal.'),
  'items-per-calendar': count().default(100_000).describe('Objects in one calendar.'),
  'query-past': span().prefault('none').describe('How far back a time-range may begin.'),
  'query-future': span().prefault('none').describe('How far ahead a time-range may end.'),
  'query-results': count().prefault('none').describe('Matches of one query; more is refused, not cut off.'),
  'multiget-hrefs': count().default(5_000).describe('Objects that one multiget may ask for.'),
});

const log = z.strictObject({
  level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('What is logged: this and what is worse.'),
  format: z.enum(['text', 'json']).default('text').describe('text: for people. json: an object a line.'),
  'error-file': z.union([z.literal(false), z.string().min(1)]).default(false).describe('A path; false: standard error.'),
  'access-file': z.union([z.literal(false), z.string().min(1)]).optional().describe('A path; false: none; default: log/access.log in the data root.'),
  'audit-file': z.union([z.literal(false), z.string().min(1)]).optional().describe('What administrators and delegates did to others (R44): a path; false: none; default: log/audit.log in the data root.'),
  'keep-days': z.int().min(1).max(3_650).default(14).describe('Older files are removed.'),
  'file-octets': octets().default(20 * 2 ** 20).describe('A new file is begun each day, and when one has grown to this.'),
});

export const configSchema = z.strictObject({
  server: server.prefault({}),
  process: process.prefault({}),
  limits: limits.prefault({}),
  admins: z.array(z.string().min(1)).default([]).describe('Who administers: users/<name>, groups/<name> or ids.'),
  'access-list': z.union([z.literal('all'), z.array(z.string().min(1))]).default('all').describe('Who may use the service, besides being enabled in the directory: all, or users/<name>, groups/<name>, ids.'),
  log: log.prefault({}),
});
export type Config = z.output<typeof configSchema>;

/** `limits:` as the `deployment` point has it. */
export function limitsOf(given: Config['limits']) {
  return {
    homeOctets: given['home-octets'], attachmentOctets: given['attachment-octets'], attachmentOctetsPerItem: given['attachment-octets-per-item'],
    resourceOctets: given['resource-octets'], attendees: given.attendees, instances: given.instances, calendarsPerHome: given['calendars-per-home'],
    itemsPerCalendar: given['items-per-calendar'], attachmentsPerItem: given['attachments-per-item'], queryPast: given['query-past'],
    queryFuture: given['query-future'], queryResults: given['query-results'], multigetHrefs: given['multiget-hrefs'],
  };
}

function isNetwork(text: string): boolean {
  try {
    new TrustedProxies([text]);
    return true;
  } catch {
    return false;
  }
}
