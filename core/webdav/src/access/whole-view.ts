/** Who sees all of what an owner has: nothing that an item keeps from others is kept from them. Decides no access. */
import type { Identity, PrincipalId } from '@kalends/contracts';

/** The owner, members of an owning group, administrators. Not delegates: they act for the owner, and are others all the same. */
export function seesWhole({ principal, groups, admin }: Identity, owner: PrincipalId | undefined): boolean {
  return owner === undefined || principal === owner || admin || groups.has(owner);
}
