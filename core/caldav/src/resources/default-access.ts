/**
 * Who may do what where nobody has said anything (design: "Default access"): the protected entries of each kind, and the few stored ones that a home is
 * born with and its owner may change. Evaluation is `webdav/access`, nothing here decides.
 */
import {
  ALL, READ, READ_CURRENT_USER_PRIVILEGE_SET, READ_FREE_BUSY, SCHEDULE, SCHEDULE_DELIVER, SCHEDULE_SEND, WRITE, WRITE_PROPERTIES,
} from '@kalends/contracts';
import type { Ace, DavResource, PrincipalId } from '@kalends/contracts';
import { isGroupHome } from './group-access.ts';

export type ProxyMode = 'read' | 'write';
/** The proxy group of `owner` as a principal; its members are the owner's delegates. */
export const proxyGroup = (owner: PrincipalId, mode: ProxyMode): PrincipalId => `${owner}/calendar-proxy-${mode}` as PrincipalId;

/** A home's protected entries; all of them count for everything below it. What a group's members may do there is `group-access.ts`. */
export function homeAcl({ owner, home }: DavResource): readonly Ace[] {
  const administrators: Ace = { principal: 'administrators', grant: ALL, inheritable: true };
  if (owner === undefined) return [administrators];
  const own: readonly Ace[] = isGroupHome(home) ? [] : [{ principal: owner, grant: ALL, inheritable: true }];
  return [
    ...own,
    { principal: proxyGroup(owner, 'read'), grant: READ | READ_CURRENT_USER_PRIVILEGE_SET | WRITE_PROPERTIES, inheritable: true },
    { principal: proxyGroup(owner, 'write'), grant: READ | READ_CURRENT_USER_PRIVILEGE_SET | WRITE, inheritable: true },
    administrators,
  ];
}

/** A write proxy schedules in the owner's name (R6). */
export function outboxAcl({ owner }: DavResource): readonly Ace[] {
  return owner === undefined ? [] : [{ principal: proxyGroup(owner, 'write'), grant: SCHEDULE_SEND | SCHEDULE }];
}

/** The free-busy URL has no row, so these are all there are. */
export function freeBusyAcl(): readonly Ace[] {
  return [{ principal: 'authenticated', grant: READ | READ_CURRENT_USER_PRIVILEGE_SET | SCHEDULE_DELIVER | SCHEDULE }];
}

/** What is on another server has no row: everybody who may know its principal may know where. */
export function elsewhereAcl(): readonly Ace[] {
  return [{ principal: 'authenticated', grant: READ }];
}

/** Stored with a new home: colleagues see when somebody is busy, until the owner takes it away. */
export const HOME_GRANTS: readonly Ace[] = [{ principal: 'authenticated', grant: READ_FREE_BUSY, inheritable: true }];
/** Stored with a new inbox. */
export const INBOX_GRANTS: readonly Ace[] = [{ principal: 'authenticated', grant: SCHEDULE_DELIVER | SCHEDULE }];
