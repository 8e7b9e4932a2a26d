import { extensionPoint } from '@kalends/kernel/extension-point';
import type { DavResource } from './dav-feature.ts';
import type { CollectionId, PrincipalId, Privileges } from './ids.ts';

export interface Identity {
  /** Undefined: nobody said who they are. */ readonly principal: PrincipalId | undefined;
  readonly groups: ReadonlySet<PrincipalId>; readonly admin: boolean;
  /** How it was proved, for the log; `anonymous` for nobody. */ readonly scheme: string;
  /** The owner a delegate works for on this resource; SENT-BY and the audit log name both. */ readonly actingFor?: PrincipalId;
  /** What it was proved by gives less than the person has. */ readonly scope?: AccessScope;
}
/** What a password of its own for one device or program opens (R46). Nobody is an administrator by one. */
export interface AccessScope {
  /** As its owner called it, for people and the log. */ readonly name: string;
  readonly readOnly: boolean;
  /** These and what lies below, with what it takes to find them; undefined: all that its owner may. */ readonly collections: readonly CollectionId[] | undefined;
}
/** The one answer to "may they", for whoever is not inside a DavRequest. `explain` tells it step by step, for people. */
export interface Access {
  judge(identity: Identity, resource: DavResource): Promise<Privileges>;
  explain(identity: Identity, resource: DavResource): Promise<readonly string[]>;
}
export const access = extensionPoint<Access>('access');
