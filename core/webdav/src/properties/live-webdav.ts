/**
 * The live properties of WebDAV itself (RFC 4918 §15, RFC 3253 §3.1.3 to §3.1.5, RFC 4331, RFC 6578 §4) and getctag, for every kind whose feature does not
 * define them for itself. Access control's are in `live-acl.ts`.
 */
import type { Collection, DavFeature, DavRequest, LiveProperty, PropertyRow, XmlSink } from '@kalends/contracts';
import { WRITE_CONTENT, WRITE_PROPERTIES } from '@kalends/contracts';
import { engineOf } from '../engine.ts';
import type { Engine } from '../engine.ts';
import { lockdiscovery, supportedlock } from '../locks/discovery.ts';
import { getctag } from '../resource/ctag.ts';
import { SYNCING_KINDS, collectionTag, isItemKind, itemTag, ownCollection, syncToken } from '../resource/shape.ts';
import { quotaOctets } from '../write-limits.ts';
import { CALENDARSERVER, clark, dav } from '../xml/names.ts';
import type { Element } from '../xml/read.ts';
import { xmlOf } from '../xml/write.ts';
import { collectionChange } from './change.ts';
import type { StoredProperty } from './registry.ts';

const EVERY = ['*'];

const creationdate: LiveProperty = {
  name: dav('creationdate'), kinds: EVERY, inAllprop: true, select: { meta: true },
  write: (xml, row) => times(xml, row, 'created', (at) => `${at.toISOString().slice(0, 19)}Z`),
};
const getlastmodified: LiveProperty = {
  name: dav('getlastmodified'), kinds: EVERY, inAllprop: true, select: { meta: true },
  write: (xml, row) => times(xml, row, 'modified', (at) => at.toUTCString()),
};

/** RFC 4918 §15.2: also a principal's or a listing's, where their feature says so. */
const displayname: StoredProperty = {
  name: dav('displayname'), kinds: EVERY, inAllprop: true, stored: true,
  write: () => false,
  change: {
    requires: WRITE_PROPERTIES,
    plan: (value, row, request) => {
      if (row.item !== undefined) engineOf(request).need(row.access, WRITE_CONTENT, engineOf(request).href);
      const key = clark(dav('displayname'));
      const set = new Map(value === undefined ? [] : [[key, xmlOf(value as Element)] as const]);
      const remove = value === undefined ? [key] : [];
      return Promise.resolve(row.item === undefined ? collectionChange(row, set, remove) : { in: 'item', set, remove });
    },
  },
};

/** Present and empty where nobody knows: collections, and what is made on the fly. */
const getcontentlength: LiveProperty = {
  name: dav('getcontentlength'), kinds: EVERY, inAllprop: true, select: { meta: true },
  write(xml, { item }) {
    if (item?.meta !== undefined) xml.text(String(item.meta.size));
    return true;
  },
};
const getcontenttype: LiveProperty = {
  name: dav('getcontenttype'), kinds: EVERY, inAllprop: true, select: { meta: true },
  write(xml, { item, resource }) {
    if (item === undefined && isItemKind(resource.kind)) return false;
    xml.text(item === undefined ? 'httpd/unix-directory' : item.meta?.contentType ?? 'application/octet-stream');
    return true;
  },
};
const getetag: LiveProperty = {
  name: dav('getetag'), kinds: EVERY, inAllprop: true,
  write(xml, { item, resource }) {
    if (item !== undefined) {
      // Thousands of times a listing, and of characters that need no escape.
      xml.fragment(itemTag(item));
      return true;
    }
    const own = ownCollection(resource);
    if (own !== undefined) xml.text(collectionTag(own));
    return own !== undefined;
  },
};
const resourcetype: LiveProperty<Engine> = {
  name: dav('resourcetype'), kinds: EVERY, inAllprop: true, load: engine,
  write(xml, { resource, item }, tables) {
    if (item === undefined && tables.isCollection(resource)) empty(xml, 'collection');
    return true;
  },
};
/** Items are many, and need nothing loaded to say that they are no collections. */
const resourcetypeOfItems: LiveProperty = {
  name: dav('resourcetype'), kinds: ['file', 'calendar-item', 'inbox-item'], inAllprop: true, write: () => true,
};

const supportedReportSet: LiveProperty<Engine> = {
  name: dav('supported-report-set'), kinds: EVERY, load: engine,
  write(xml, { resource }, tables) {
    for (const { name } of tables.reports(resource.kind)) {
      xml.open(dav('supported-report'));
      xml.open(dav('report'));
      xml.open(name);
      xml.close();
      xml.close();
      xml.close();
    }
    return true;
  },
};
/** RFC 3253 §3.1.4, which RFC 5995 §3.2.1 asks for; spelled as in RFC 3648 §5. Those of the kind: one resource of it may lack a value. */
const supportedLivePropertySet: LiveProperty<Engine> = {
  name: dav('supported-live-property-set'), kinds: EVERY, load: engine,
  write(xml, { resource }, tables) {
    for (const { name } of tables.properties.all(resource.kind)) {
      xml.open(dav('supported-live-property'));
      xml.open(dav('prop'));
      xml.open(name);
      xml.close();
      xml.close();
      xml.close();
    }
    return true;
  },
};
const supportedMethodSet: LiveProperty<Engine> = {
  name: dav('supported-method-set'), kinds: EVERY, load: engine,
  write(xml, { resource }, tables) {
    for (const method of tables.methods(resource.kind).keys()) {
      xml.open(dav('supported-method'), { name: method });
      xml.close();
    }
    return true;
  },
};

const syncTokenProperty: LiveProperty = {
  name: dav('sync-token'), kinds: SYNCING_KINDS,
  write: (xml, { resource }) => ofCollection(xml, ownCollection(resource), syncToken),
};
/** The part of the sync token after the comma, for clients that look at no more. */
const getctagProperty: LiveProperty = {
  name: { ns: CALENDARSERVER, local: 'getctag' }, kinds: SYNCING_KINDS,
  write: (xml, { resource }) => ofCollection(xml, ownCollection(resource), getctag),
};

interface Quota { readonly used: number; readonly limit: number }
const quotaUsed: LiveProperty<Quota | undefined> = {
  name: dav('quota-used-bytes'), kinds: EVERY, load: quota,
  write(xml, _row, loaded) {
    if (loaded !== undefined) xml.text(String(loaded.used));
    return loaded !== undefined;
  },
};
/** RFC 4331 §3: absent where there is no limit. */
const quotaAvailable: LiveProperty<Quota | undefined> = {
  name: dav('quota-available-bytes'), kinds: EVERY, load: quota,
  write(xml, _row, loaded) {
    if (loaded === undefined || loaded.limit === Number.POSITIVE_INFINITY) return false;
    xml.text(String(Math.max(0, loaded.limit - loaded.used)));
    return true;
  },
};

export const webdavProperties: NonNullable<DavFeature['properties']> = [
  creationdate, displayname, getcontentlength, getcontenttype, getetag, getlastmodified, resourcetype, resourcetypeOfItems,
  supportedReportSet, supportedMethodSet, supportedLivePropertySet, syncTokenProperty, getctagProperty, quotaUsed, quotaAvailable, lockdiscovery, supportedlock,
];

async function quota([row]: readonly PropertyRow[], request: DavRequest): Promise<Quota | undefined> {
  const home = row?.resource.home;
  return home === undefined ? undefined : { used: home.usedOctets, limit: await quotaOctets(engineOf(request).engine, home.owner) };
}

async function engine(_rows: readonly PropertyRow[], request: DavRequest): Promise<Engine> {
  return engineOf(request).engine;
}

function times(xml: XmlSink, { item, resource }: PropertyRow, which: 'created' | 'modified', format: (at: Date) => string): boolean {
  const seconds = item === undefined ? ownCollection(resource)?.[which] : item.meta?.[which];
  if (seconds === undefined) return false;
  xml.text(format(new Date(seconds * 1000)));
  return true;
}

function ofCollection(xml: XmlSink, own: Collection | undefined, text: (collection: Collection) => string): boolean {
  if (own === undefined) return false;
  xml.text(text(own));
  return true;
}

function empty(xml: XmlSink, local: string): void {
  xml.open(dav(local));
  xml.close();
}
