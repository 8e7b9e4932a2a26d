/** Bits and names of privileges, by a kind's tree (RFC 3744 §5.3). */
import type { Privileges, PrivilegeTree, QName } from '@kalends/contracts';

/** All that is granted by the name of an aggregate. */
export function reachOf(tree: PrivilegeTree): Privileges {
  return (tree.children ?? []).reduce((bits, child) => bits | reachOf(child), tree.bits) as Privileges;
}

/** The fewest names that say it: an aggregate that is held stands for what is below it. */
export function namesOf(tree: PrivilegeTree, privileges: Privileges): readonly QName[] {
  const present = privileges & reachOf(tree);
  if (present === 0) return [];
  if ((present & tree.bits) === tree.bits && tree.abstract !== true) return [tree.name];
  return (tree.children ?? []).flatMap((child) => namesOf(child, present));
}

/** Every name they imply, aggregates before what they contain (RFC 3744 §5.5): for those who look for one name only. */
export function allNamesOf(tree: PrivilegeTree, privileges: Privileges): readonly QName[] {
  const whole = (privileges & tree.bits) === tree.bits && tree.abstract !== true ? [tree.name] : [];
  return [...whole, ...(tree.children ?? []).flatMap((child) => allNamesOf(child, privileges))];
}

/** Of what is wanted, the names that are not wholly held: what DAV:need-privileges says. Never empty where something is missing. */
export function missingNames(tree: PrivilegeTree, wanted: Privileges, held: Privileges): readonly QName[] {
  const names = namesOf(tree, wanted).filter((name) => ((find(tree, name)?.bits ?? 0) & ~held) !== 0);
  return names.length > 0 || (wanted & ~held) === 0 ? names : [tree.name];
}

/** What granting it grants. Undefined: not in this tree (`DAV:not-supported-privilege`). */
export function bitsOf(tree: PrivilegeTree, name: QName): { readonly bits: Privileges; readonly abstract: boolean } | undefined {
  const found = find(tree, name);
  return found === undefined ? undefined : { bits: reachOf(found), abstract: found.abstract === true };
}

function find(tree: PrivilegeTree, name: QName): PrivilegeTree | undefined {
  if (tree.name.local === name.local && tree.name.ns === name.ns) return tree;
  for (const child of tree.children ?? []) {
    const found = find(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}
