/**
 * Properties of principals and proxy principals (RFC 3744 §4, RFC 5842 §3.1, caldav-proxy, Apple's e-mail and name properties), and what listings lack because
 * no row stands for them. What calendars add to principals is in the calendar package.
 */
import { READ, WRITE_PROPERTIES } from '@kalends/contracts';
import type { DavFeature, DavRequest, DavResource, LiveProperty, Principal, PrincipalId, PropertyRow, QName, XmlSink } from '@kalends/contracts';
import { proxyGroupId, proxyGroupOf } from '../access/delegates.ts';
import type { Delegates, ProxyMode } from '../access/delegates.ts';
import { engineOf } from '../engine.ts';
import { DavError } from '../errors/dav-error.ts';
import { aliasPaths, principalPath, TYPE_OF } from '../resource/principal-path.ts';
import { CALENDARSERVER, dav } from '../xml/names.ts';
import { pathIn } from './value-of.ts';

const PRINCIPALS = ['principal', 'proxy'];
const LISTINGS = ['root', 'well-known', 'listing', 'uids-listing', 'principal-listing', 'home-listing'];
const cs = (local: string): QName => ({ ns: CALENDARSERVER, local });

type Ids = ReadonlyMap<PrincipalId, readonly PrincipalId[]>;

export function principalProperties(delegates: Delegates): NonNullable<DavFeature['properties']> {
  return [
    resourcetype, listingName, listingTag, displayname, principalUrl, alternateUriSet, resourceId, recordType,
    text('first-name', ({ firstName }) => firstName), text('last-name', ({ lastName }) => lastName), emailAddressSet,
    groupMemberSet(delegates), groupMembership(delegates), expandedGroupMemberSet(delegates),
    proxiesFor('read', delegates), proxiesFor('write', delegates),
  ];
}

const resourcetype: LiveProperty = {
  name: dav('resourcetype'), kinds: PRINCIPALS, inAllprop: true,
  write(xml, { resource }) {
    empty(xml, dav('collection'));
    empty(xml, dav('principal'));
    const proxy = proxyGroupOf(resource.principal?.id ?? '');
    if (proxy !== undefined) empty(xml, cs(`calendar-proxy-${proxy.mode}`));
    return true;
  },
};

const displayname = ofPrincipal(dav('displayname'), (xml, { displayName }) => xml.text(displayName), true);

const listingName: LiveProperty = {
  name: dav('displayname'), kinds: LISTINGS, inAllprop: true,
  write(xml, { resource: { canonical } }) {
    xml.text(canonical.split('/').at(-2) || '/');
    return true;
  },
};

/** The directory's stamp: it changes with what is listed. */
const listingTag: LiveProperty<string> = {
  name: dav('getetag'), kinds: LISTINGS, inAllprop: true,
  load: (_rows, request) => engineOf(request).engine.directory.stamp(),
  write(xml, _row, stamp) {
    xml.text(`"${stamp.replaceAll('"', '')}"`);
    return true;
  },
};

const principalUrl = ofPrincipal(dav('principal-URL'), (xml, { id }) => xml.href(principalPath(id)));

const alternateUriSet: LiveProperty = {
  name: dav('alternate-URI-set'), kinds: PRINCIPALS,
  write(xml, { resource }) {
    if (resource.kind === 'principal') for (const path of aliasPaths(resource.principal!)) xml.href(path);
    return true;
  },
};

const resourceId: LiveProperty = {
  name: dav('resource-id'), kinds: ['principal'],
  write(xml, { resource }) {
    xml.href(`urn:x-uid:${resource.principal!.id}`);
    return true;
  },
};

const recordType: LiveProperty = {
  name: cs('record-type'), kinds: PRINCIPALS,
  write(xml, { resource }) {
    const { id, kind } = resource.principal!;
    const proxy = proxyGroupOf(id);
    xml.text(proxy === undefined ? TYPE_OF[kind] : `${proxy.mode}-delegate-group`);
    return true;
  },
};

const emailAddressSet: LiveProperty = {
  name: cs('email-address-set'), kinds: ['principal'],
  write(xml, { resource }) {
    for (const email of resource.principal!.emails.toSorted()) {
      xml.open(cs('email-address'));
      xml.text(email);
      xml.close();
    }
    return true;
  },
};

/** RFC 3744 §4.3. Of a proxy principal its owner, or an administrator, sets the whole list. */
function groupMemberSet(delegates: Delegates): LiveProperty<Ids> {
  return {
    name: dav('group-member-set'), kinds: PRINCIPALS,
    load: (rows, request) => idsOf(rows, ({ id }) => membersOf(id, delegates, request)),
    write: writeIds,
    change: {
      requires: WRITE_PROPERTIES,
      async plan(value, { resource }, request) {
        const group = proxyGroupOf(resource.principal?.id ?? '');
        if (group === undefined) throw new DavError(403, { detail: 'The members of this group are the directory\'s.' });
        const wanted = new Set<PrincipalId>();
        for (const { name, text: href } of value?.children ?? []) {
          if (name.ns !== 'DAV:' || name.local !== 'href') throw new DavError(400, { detail: 'A member is a DAV:href.' });
          wanted.add(await memberAt(href.trim(), request));
        }
        return { in: 'records', operations: await delegates.replace(group, wanted) };
      },
    },
  };
}

/** Only the canonical URL of a person or group will do, so that what is read is what was written. */
async function memberAt(href: string, request: DavRequest): Promise<PrincipalId> {
  const path = pathIn(href, request);
  const judged = path === undefined ? undefined : await request.judge(path, {});
  const principal = judged !== undefined && (judged.access & READ) === READ && judged.resource.kind === 'principal' ? judged.resource.principal : undefined;
  if (principal === undefined || path !== principalPath(principal.id)) throw new DavError(403, { detail: 'A delegate is named by the principal-URL of a person or a group.' });
  return principal.id;
}

/** RFC 3744 §4.4: groups, and the proxy groups of those who made him, or a group of his, their delegate. */
function groupMembership(delegates: Delegates): LiveProperty<Ids> {
  return {
    name: dav('group-membership'), kinds: PRINCIPALS,
    load: (rows, request) => idsOf(rows, async ({ id }) => {
      if (proxyGroupOf(id) !== undefined) return [];
      const [groups, proxies] = await Promise.all([engineOf(request).engine.directory.groupsOf(id), delegates.groupsWith(id)]);
      return [...groups, ...proxies.map(proxyGroupId)];
    }),
    write: writeIds,
  };
}

/** Members of member groups too; persons, rooms and equipment alone. */
function expandedGroupMemberSet(delegates: Delegates): LiveProperty<Ids> {
  return {
    name: cs('expanded-group-member-set'), kinds: PRINCIPALS,
    load: (rows, request) => idsOf(rows, async ({ id }) => {
      const { directory } = engineOf(request).engine;
      const seen = new Set<PrincipalId>();
      const found: PrincipalId[] = [];
      const waiting = [id];
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        for (const member of await membersOf(next, delegates, request)) {
          if (seen.has(member)) continue;
          seen.add(member);
          if ((await directory.findById(member))?.kind === 'group') waiting.push(member);
          else found.push(member);
        }
      }
      return found;
    }),
    write: writeIds,
  };
}

/** caldav-proxy §5.3: whose calendars this principal may see (read) or change (write). */
function proxiesFor(mode: ProxyMode, delegates: Delegates): LiveProperty<Ids> {
  return {
    name: cs(`calendar-proxy-${mode}-for`), kinds: ['principal'],
    load: (rows) => idsOf(rows, async ({ id }) => (await delegates.groupsWith(id)).filter((group) => group.mode === mode).map(({ owner }) => owner)),
    write: writeIds,
  };
}

async function membersOf(id: PrincipalId, delegates: Delegates, request: DavRequest): Promise<readonly PrincipalId[]> {
  const proxy = proxyGroupOf(id);
  if (proxy !== undefined) return [...(await delegates.membersOf(proxy))];
  const members: PrincipalId[] = [];
  for await (const batch of engineOf(request).engine.directory.membersOf(id)) members.push(...batch);
  return members;
}

async function idsOf(rows: readonly PropertyRow[], ask: (principal: Principal) => Promise<readonly PrincipalId[]>): Promise<Ids> {
  const principals = rows.map(({ resource }) => resource.principal).filter((principal) => principal !== undefined);
  return new Map(await Promise.all(principals.map(async (principal) => [principal.id, await ask(principal)] as const)));
}

function writeIds(xml: XmlSink, { resource }: { readonly resource: DavResource }, ids: Ids): boolean {
  for (const id of ids.get(resource.principal!.id) ?? []) xml.href(principalPath(id));
  return true;
}

function ofPrincipal(name: QName, write: (xml: XmlSink, principal: Principal) => void, inAllprop = false): LiveProperty {
  return {
    name, kinds: PRINCIPALS, inAllprop,
    write(xml, { resource }) {
      write(xml, resource.principal!);
      return true;
    },
  };
}

function text(local: string, of: (principal: Principal) => string | undefined): LiveProperty {
  return {
    name: cs(local), kinds: ['principal'],
    write(xml, { resource }) {
      const value = of(resource.principal!);
      if (value === undefined) return false;
      xml.text(value);
      return true;
    },
  };
}

function empty(xml: XmlSink, name: QName): void {
  xml.open(name);
  xml.close();
}
