/**
 * Properties of access control on every resource (RFC 3744 §5, RFC 5397). They show what `access/` decided and never decide.
 * DAV:group is empty, for nothing has one; DAV:inherited-acl-set is empty, since what counts from above is shown in DAV:acl itself, marked as inherited.
 */
import { READ_ACL, READ_CURRENT_USER_PRIVILEGE_SET } from '@kalends/contracts';
import type { Ace, DavFeature, DavRequest, DavResource, LiveProperty, PrincipalId, PrivilegeTree, PropertyRow, Privileges, XmlSink } from '@kalends/contracts';
import type { AccessEntry, CompiledAccess } from '../access/compiled-access.ts';
import { upwards } from '../access/compile.ts';
import { allNamesOf, namesOf } from '../access/privilege-names.ts';
import { engineOf } from '../engine.ts';
import { principalPath, PRINCIPALS } from '../resource/principal-path.ts';
import { dav } from '../xml/names.ts';

const EVERY = ['*'];

const owner: LiveProperty = {
  name: dav('owner'), kinds: EVERY,
  write(xml, { resource }) {
    // Above homes, and of principals, nobody is.
    if (resource.home === undefined || resource.owner === undefined) return false;
    xml.href(principalPath(resource.owner));
    return true;
  },
};

/** RFC 3744 §5 wants it of all that has an ACL, and lets it be empty (§5.2). */
const group: LiveProperty = { name: dav('group'), kinds: EVERY, write: (_, { resource }) => resource.home !== undefined && resource.owner !== undefined };

const currentUserPrincipal: LiveProperty = {
  name: dav('current-user-principal'), kinds: EVERY,
  write(xml, { identity }) {
    if (identity.principal === undefined) empty(xml, 'unauthenticated');
    else xml.href(principalPath(identity.principal));
    return true;
  },
};

const principalCollectionSet: LiveProperty = {
  name: dav('principal-collection-set'), kinds: EVERY,
  write(xml) {
    xml.href(PRINCIPALS);
    return true;
  },
};

const supportedPrivilegeSet: LiveProperty<CompiledAccess> = {
  name: dav('supported-privilege-set'), kinds: EVERY,
  load: loadAccess,
  write(xml, { resource }, access) {
    writeTree(xml, access.privilegesOf(resource.kind));
    return true;
  },
};

const currentUserPrivilegeSet: LiveProperty<CompiledAccess> = {
  name: dav('current-user-privilege-set'), kinds: EVERY, requires: READ_CURRENT_USER_PRIVILEGE_SET,
  load: loadAccess,
  write(xml, { resource, access: allowed }, access) {
    for (const name of allNamesOf(access.privilegesOf(resource.kind), allowed)) {
      xml.open(dav('privilege'));
      xml.open(name);
      xml.close();
      xml.close();
    }
    return true;
  },
};

interface Shown { readonly access: CompiledAccess; readonly administrators: readonly PrincipalId[]; readonly entries: ReadonlyMap<DavResource | PropertyRow['item'], readonly AccessEntry[]> }

const acl: LiveProperty<Shown> = {
  name: dav('acl'), kinds: EVERY, requires: READ_ACL, select: { acl: true },
  async load(rows, request) {
    const { access } = engineOf(request).engine;
    const [administrators, ...entries] = await Promise.all([access.administrators(), ...rows.map((row) => access.entries(withItem(row)))]);
    return { access, administrators: administrators as readonly PrincipalId[], entries: new Map(rows.map((row, index) => [row.item ?? row.resource, entries[index] as readonly AccessEntry[]])) };
  },
  write(xml, row, { access, administrators, entries }) {
    const tree = access.privilegesOf(row.resource.kind);
    const canonical = row.item === undefined ? row.resource.canonical : `${withoutLeaf(row.resource.canonical)}${row.item.name}`;
    for (const entry of entries.get(row.item ?? row.resource) ?? []) {
      const principals: readonly Ace['principal'][] = entry.principal === 'administrators' ? administrators : [entry.principal];
      for (const principal of principals) writeEntry(xml, { ...entry, principal }, tree, canonical);
    }
    return true;
  },
};

const aclRestrictions: LiveProperty = {
  name: dav('acl-restrictions'), kinds: EVERY,
  write(xml) {
    empty(xml, 'no-invert');
    return true;
  },
};

const inheritedAclSet: LiveProperty = { name: dav('inherited-acl-set'), kinds: EVERY, write: () => true };

export const aclProperties: NonNullable<DavFeature['properties']> = [
  owner, group, currentUserPrincipal, principalCollectionSet, supportedPrivilegeSet, currentUserPrivilegeSet, acl, aclRestrictions, inheritedAclSet,
];

async function loadAccess(_rows: readonly PropertyRow[], request: DavRequest): Promise<CompiledAccess> {
  return engineOf(request).engine.access;
}

/** Rows of a listing share one resource, and bring their item beside it. */
function withItem({ resource, item }: PropertyRow): DavResource {
  return item === undefined ? resource : { ...resource, item };
}

function withoutLeaf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

/** RFC 3744 §5.3. */
function writeTree(xml: XmlSink, tree: PrivilegeTree): void {
  xml.open(dav('supported-privilege'));
  xml.open(dav('privilege'));
  xml.open(tree.name);
  xml.close();
  xml.close();
  if (tree.abstract === true) empty(xml, 'abstract');
  xml.open(dav('description'), { 'xml:lang': 'en' });
  xml.text(tree.description);
  xml.close();
  for (const child of tree.children ?? []) writeTree(xml, child);
  xml.close();
}

/** RFC 3744 §5.5: an ace grants or denies, so an entry that does both is two. */
function writeEntry(xml: XmlSink, entry: AccessEntry, tree: PrivilegeTree, canonical: string): void {
  for (const [sense, bits] of [['grant', entry.grant], ['deny', entry.deny]] as readonly (readonly [string, Privileges])[]) {
    const names = namesOf(tree, bits);
    if (names.length === 0) continue;
    xml.open(dav('ace'));
    writePrincipal(xml, entry.principal);
    xml.open(dav(sense));
    for (const name of names) {
      xml.open(dav('privilege'));
      xml.open(name);
      xml.close();
      xml.close();
    }
    xml.close();
    // What is only inherited may be denied below; what may not is protected there too (RFC 3744 §8.1.1).
    if (entry.isProtected && (entry.levelsUp === 0 || entry.undeniable === true)) empty(xml, 'protected');
    if (entry.levelsUp > 0) {
      xml.open(dav('inherited'));
      xml.href(upwards(canonical, entry.levelsUp));
      xml.close();
    }
    xml.close();
  }
}

/** RFC 3744 §5.5.1. */
export function writePrincipal(xml: XmlSink, principal: Ace['principal']): void {
  xml.open(dav('principal'));
  if (typeof principal !== 'string') {
    xml.open(dav('property'));
    xml.open(principal.property);
    xml.close();
    xml.close();
  } else if (principal === 'all' || principal === 'authenticated' || principal === 'unauthenticated' || principal === 'self') empty(xml, principal);
  else xml.href(principalPath(principal as PrincipalId));
  xml.close();
}

function empty(xml: XmlSink, local: string): void {
  xml.open(dav(local));
  xml.close();
}
