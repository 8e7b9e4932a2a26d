/**
 * An item as somebody sees it. The owner's path costs one comparison; others get what they may see of objects that are not for everybody, made from the octets
 * when they are to be written or compared with a filter. Whether they may see it at all is access control's answer.
 */
import type { Identity, Item, PrincipalId } from '@kalends/contracts';
import { accessLevel, limitedView } from '@kalends/icalendar';
import { seesWhole } from '@kalends/webdav';

export interface Viewer {
  /** True: not all of this is for them. Needs `facts`. */ limits(item: Item): boolean;
  /** The item with the octets that they see; without facts then, for those are of the whole. */ seen(item: Item): Item;
}

/** Undefined for whoever sees everything. */
export function viewerOf(identity: Identity, owner: PrincipalId | undefined): Viewer | undefined {
  return seesWhole(identity, owner) ? undefined : OTHERS;
}

const OTHERS: Viewer = {
  limits: ({ facts }) => accessLevel(facts) !== 'public',
  seen: (item) => {
    const level = accessLevel(item.facts);
    if (level === 'public' || item.body === undefined) return item;
    const { facts: _, ...rest } = item;
    return { ...rest, body: limitedView(item.body, level) };
  },
};

export function seenBy(identity: Identity, owner: PrincipalId | undefined, item: Item): Item {
  return viewerOf(identity, owner)?.seen(item) ?? item;
}
