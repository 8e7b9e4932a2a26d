/** Inbox and outbox as resource kinds (RFC 6638 §2.1, §2.2): their privileges, and who may send without being asked. Where they lie is `@kalends/caldav`'s. */
import { inboxPrivileges, outboxAcl, outboxPrivileges, reached, withheldByItem } from '@kalends/caldav';
import type { ResourceKind } from '@kalends/contracts';

export const schedulingKinds: readonly ResourceKind[] = [
  reached('inbox', inboxPrivileges),
  { ...reached('inbox-item', inboxPrivileges, 'leaf'), withholds: withheldByItem },
  { ...reached('outbox', outboxPrivileges), protectedAcl: outboxAcl },
];
