/** Short ways to write down a live property: one that is the same for every row, one that is kept as it was set, one that is calendar data, one kind's resource type. */
import type { LiveProperty, PropertyChange, PropertyRow, QName, XmlNode, XmlSink } from '@kalends/contracts';
import { WRITE_PROPERTIES } from '@kalends/contracts';
import { toJson } from '@kalends/icalendar';
import { clark, dav, storedProperty, textOf, xmlOf } from '@kalends/webdav';
import type { Element, StoredProperty } from '@kalends/webdav';
import { mediaAttributes, mediaOf } from '../query/read-calendar-data.ts';

type Change = NonNullable<LiveProperty['change']>;

/** Protected, and always there: `write` gets a sink that stands inside the element. */
export function fixed(name: QName, kinds: readonly string[], write: (xml: XmlSink, row: PropertyRow) => void): LiveProperty {
  return { name, kinds, write: (xml, row) => { write(xml, row); return true; } };
}

/** A name with text in it: numbers, dates, colours. */
export const fixedText = (name: QName, kinds: readonly string[], text: string): LiveProperty => fixed(name, kinds, (xml) => xml.text(text));

/** A value that is stored as iCalendar: read as that, or as jCal where the client asks for it (RFC 4791 §9.6; RFC 7265). `key` of the stored property. */
export function calendarText(key: string): Pick<LiveProperty, 'write' | 'attributes'> {
  return {
    write: (xml, row, _loaded, asked) => {
      const stored = storedProperty(row, key);
      if (stored === undefined) return false;
      const text = textOf(stored);
      xml.text(mediaOf(asked) === 'text/calendar' ? text : Buffer.from(toJson(Buffer.from(text))).toString());
      return true;
    },
    attributes: (asked) => mediaAttributes(mediaOf(asked)),
  };
}

/** Kept as it was set; what others than the owner set is their own. `check` throws what the value breaks. */
export function kept(name: QName, kinds: readonly string[], check: (value: XmlNode) => void = () => undefined): StoredProperty {
  return {
    name, kinds, stored: true, write: () => false,
    change: {
      requires: WRITE_PROPERTIES,
      plan: async (value, row, { identity }) => {
        if (value !== undefined) check(value);
        return personalChange(row, identity.principal, name, value === undefined ? undefined : xmlOf(value as Element));
      },
    },
  };
}

/**
 * The change of one property for all where the owner makes it, and for himself alone where a delegate or sharee does (colour, order, description,
 * transparency): nobody else's calendar changes its looks.
 */
export function personalChange({ resource }: PropertyRow, principal: PropertyRow['identity']['principal'], name: QName, xml: string | undefined): PropertyChange {
  const key = clark(name);
  const set = new Map(xml === undefined ? [] : [[key, xml]]);
  const remove = xml === undefined ? [key] : [];
  const own = principal === undefined || principal === resource.owner || resource.collection?.personal === undefined;
  return { in: 'collection', patch: own ? { set, remove } : { personal: { principal, set, remove } } };
}

/** What anybody may change who may write properties. */
export const changeable = (plan: Change['plan']): Change => ({ requires: WRITE_PROPERTIES, plan });

/** DAV:resourcetype of one kind (RFC 4918 §15.9). */
export function resourceType(kind: string, types: readonly QName[]): LiveProperty {
  return {
    name: dav('resourcetype'), kinds: [kind], inAllprop: true,
    write: (xml) => {
      for (const type of types) {
        xml.open(type);
        xml.close();
      }
      return true;
    },
  };
}
