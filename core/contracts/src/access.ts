import { extensionPoint } from '@kalends/kernel/extension-point';
import type { DavResource } from './dav-feature.ts';
import type { PrincipalId, Privileges } from './ids.ts';

export interface Identity {
  /** Undefined: nobody said who they are. */ readonly principal: PrincipalId | undefined;
  readonly groups: ReadonlySet<PrincipalId>; readonly admin: boolean;
  /** How it was proved, for the log; `anonymous` for nobody. */ readonly scheme: string;
  /** The owner a delegate works for on this resource; SENT-BY and the audit log name both. */ readonly actingFor?: PrincipalId;
}
/** The one answer to "may they", for whoever is not inside a DavRequest. `explain` tells it step by step, for people. */
export interface Access {
  judge(identity: Identity, resource: DavResource): Promise<Privileges>;
  explain(identity: Identity, resource: DavResource): Promise<readonly string[]>;
}
export const access = extensionPoint<Access>('access');
