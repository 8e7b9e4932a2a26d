/** What is left of somebody's rights by a password that opens less than all (R46). Never more: it is laid over what the entries of the resource said. */
import type { Collection, DavResource, Identity, Privileges } from '@kalends/contracts';
import { ALL, NONE, READ, READ_ACL, READ_CURRENT_USER_PRIVILEGE_SET } from '@kalends/contracts';
import { ownCollection } from '../resource/shape.ts';

const READING = (READ | READ_ACL | READ_CURRENT_USER_PRIVILEGE_SET) as Privileges;

/** The privileges that the identity's scope leaves on this resource, whoever it is. */
export function scopeOf({ scope }: Identity, resource: DavResource): Privileges {
  if (scope === undefined) return ALL;
  const most = scope.readOnly ? READING : ALL;
  if (scope.collections === undefined) return most;
  const { collection, ancestors = [] } = resource;
  if (collection === undefined) return leadsThere(resource) ? READING : NONE;
  const opened = (each: Collection): boolean => scope.collections!.includes(each.id);
  if (opened(collection) || ancestors.some(opened)) return most;
  // The home itself. Of what it does not hold, nothing tells that from what it holds and the password does not open.
  return collection.parent === undefined && ownCollection(resource) !== undefined ? READING : NONE;
}

/** Principals and listings: how a client finds the calendar. What has a home and no collection (its free-busy URL) tells of every calendar. */
const leadsThere = ({ home }: DavResource): boolean => home === undefined;

/** Of the items of a collection: those of a home itself do not lead anywhere. */
export function scopeOfItems(identity: Identity, resource: DavResource): Privileges {
  const { collection } = resource;
  const isHome = collection !== undefined && collection.parent === undefined;
  return isHome && identity.scope?.collections !== undefined && !identity.scope.collections.includes(collection.id) ? NONE : scopeOf(identity, resource);
}
