/** Unions of what is wanted of an item. */
import type { ItemSelect, QName } from '@kalends/contracts';

export function mergeSelect(one: ItemSelect, other: ItemSelect | undefined): ItemSelect {
  if (other === undefined || other === one) return one;
  const dead = mergeDead(one.dead, other.dead);
  const personal = one.personal ?? other.personal;
  return {
    ...flag('meta', one, other), ...flag('facts', one, other), ...flag('body', one, other), ...flag('acl', one, other), ...flag('attachments', one, other),
    ...(dead === undefined ? {} : { dead }), ...(personal === undefined ? {} : { personal }),
  };
}

/** True when an item loaded by `had` answers `wanted`. */
export function covers(had: ItemSelect, wanted: ItemSelect): boolean {
  const flags = (['meta', 'facts', 'body', 'acl', 'attachments'] as const).every((name) => wanted[name] !== true || had[name] === true);
  return flags && (wanted.personal === undefined || wanted.personal === had.personal) && coversDead(had.dead, wanted.dead);
}

type Flag = 'meta' | 'facts' | 'body' | 'acl' | 'attachments';
function flag(name: Flag, one: ItemSelect, other: ItemSelect): ItemSelect {
  return one[name] === true || other[name] === true ? { [name]: true } : {};
}

function mergeDead(one: ItemSelect['dead'], other: ItemSelect['dead']): ItemSelect['dead'] {
  if (one === 'all' || other === 'all') return 'all';
  return one === undefined ? other : other === undefined ? one : [...one, ...other.filter((name) => !one.some((has) => same(has, name)))];
}

function coversDead(had: ItemSelect['dead'], wanted: ItemSelect['dead']): boolean {
  if (wanted === undefined || had === 'all') return true;
  return wanted !== 'all' && wanted.every((name) => had?.some((has) => same(has, name)) === true);
}

function same(one: QName, other: QName): boolean {
  return one.local === other.local && one.ns === other.ns;
}
