/**
 * Where principals live. Properties that name one spell the canonical form, by id; a request may use the alias by type and name (2.8 of the plan: "URLs").
 */
import type { Principal, PrincipalId } from '@kalends/contracts';
import { proxyGroupOf } from '../access/delegates.ts';
import { escapeSegment } from './href.ts';

export const PRINCIPALS = '/principals/';
export const UIDS = '__uids__';
/** Path segment of each kind, below `/principals/` and `/calendars/`. */
export const TYPE_OF: Readonly<Record<Principal['kind'], string>> = { user: 'users', group: 'groups', location: 'locations', resource: 'resources' };
export const KIND_OF: ReadonlyMap<string, Principal['kind']> = new Map(Object.entries(TYPE_OF).map(([kind, type]) => [type, kind as Principal['kind']]));

/** Canonical; of a proxy group below its owner's. */
export function principalPath(id: PrincipalId): string {
  const proxy = proxyGroupOf(id);
  return proxy === undefined ? `${PRINCIPALS}${UIDS}/${escapeSegment(id)}/` : `${principalPath(proxy.owner)}calendar-proxy-${proxy.mode}/`;
}

/** Preferred name first. */
export function aliasPaths({ kind, names }: Pick<Principal, 'kind' | 'names'>): readonly string[] {
  return names.map((name) => `${PRINCIPALS}${TYPE_OF[kind]}/${escapeSegment(name)}/`);
}
