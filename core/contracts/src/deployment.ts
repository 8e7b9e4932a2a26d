import { extensionPoint } from '@kalends/kernel/extension-point';

/** Facts about this deployment that any plugin may need. Provided by the composition. */
export interface Deployment {
  readonly publicUrl: URL; readonly dataRoot: string; readonly role: 'single' | 'master' | 'worker';
  /** Random, kept in the data root's host-local part: tells hosts of a cluster apart. */ readonly hostId: string;
  readonly limits: Limits;
  /** R44: people and groups, each `<type>/<name>` (`users/admin`, `groups/operators`) or an id. Top level `admins:` of the config. */
  readonly admins: readonly string[];
  /** R43: who may use the service, spelled likewise; absent: everybody whom the directory enables. Top level `access-list:` of the config. */
  readonly accessList?: readonly string[];
}
export const deployment = extensionPoint<Deployment>('deployment');
/** Every number of R50; top level `limits:` of the config. Infinity: no limit. */
export interface Limits {
  readonly homeOctets: number; readonly attachmentOctets: number; readonly attachmentOctetsPerItem: number; readonly resourceOctets: number;
  readonly attendees: number; readonly instances: number; readonly calendarsPerHome: number; readonly itemsPerCalendar: number;
  readonly attachmentsPerItem: number;
  /** Seconds before and after now that a query may reach. */ readonly queryPast: number;
  readonly queryFuture: number; readonly queryResults: number; readonly multigetHrefs: number;
}
