/**
 * What components a calendar takes, and what a client may choose at its making (RFC 4791 §5.2.3, CALDAV:supported-calendar-component-sets). Any mix, unless the
 * deployment wants calendars of one kind each, as the classic server made them.
 */
import type { ComponentKind, LiveProperty, XmlNode } from '@kalends/contracts';
import { CALDAV, clark, ownCollection } from '@kalends/webdav';
import { caldav } from '../names.ts';
import { supportedCalendarComponent } from '../preconditions.ts';
import { STORABLE, SUPPORTED_COMPONENTS, componentsOf, storedComponents } from './component-set.ts';
import { changeable, fixed } from './define.ts';

const KEY = clark(SUPPORTED_COMPONENTS);
const COMP = caldav('comp');
const NONE: ReadonlyMap<string, string> = new Map();

/** `single`: a calendar is made for one kind of component. */
export function componentProperties(single: boolean): readonly LiveProperty[] {
  return [
    {
      name: SUPPORTED_COMPONENTS, kinds: ['calendar', 'share'],
      write: (xml, row) => {
        const collection = row.resource.share ?? ownCollection(row.resource);
        if (collection === undefined) return false;
        for (const name of componentsOf(collection)) {
          xml.open(COMP, { name });
          xml.close();
        }
        return true;
      },
      change: { ...changeable(async (value) => ({ in: 'collection', patch: { set: new Map([[KEY, storedComponents(readComponents(value, single))]]) } })), atCreationOnly: true },
    },
    // Empty: any mix may be asked for, so there is no set to choose from.
    fixed(caldav('supported-calendar-component-sets'), ['home'], (xml) => {
      for (const name of single ? STORABLE : []) {
        xml.open(SUPPORTED_COMPONENTS);
        xml.open(COMP, { name });
        xml.close();
        xml.close();
      }
    }),
  ];
}

/** What a calendar begins with whose maker says nothing about its components. */
export const initialComponents = (single: boolean): ReadonlyMap<string, string> => (single ? new Map([[KEY, storedComponents(['VEVENT'])]]) : NONE);

/** @throws DavError CALDAV:supported-calendar-component for a name that is no component of calendars, for none, or for more than a calendar takes */
function readComponents(value: XmlNode | undefined, single: boolean): readonly ComponentKind[] {
  const names = new Set((value?.children ?? []).filter(({ name }) => name.ns === CALDAV && name.local === 'comp').map((comp) => comp.attribute('name')?.toUpperCase()));
  const kinds = STORABLE.filter((kind) => names.has(kind));
  if (kinds.length === 0 || kinds.length !== names.size) throw supportedCalendarComponent(`A calendar takes ${STORABLE.join(', ')}.`);
  if (single && kinds.length > 1) throw supportedCalendarComponent('A calendar takes one kind of component here.');
  return kinds;
}
