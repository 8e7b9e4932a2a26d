/** CALDAV:supported-calendar-component-set (RFC 4791 §5.2.3): its stored form, and what it says. A calendar without one takes everything. */
import type { Collection, ComponentKind } from '@kalends/contracts';
import { COMPONENT_KINDS } from '@kalends/icalendar';
import { XmlWriter, clark } from '@kalends/webdav';
import { caldav } from '../names.ts';

export const SUPPORTED_COMPONENTS = caldav('supported-calendar-component-set');
const KEY = clark(SUPPORTED_COMPONENTS);
const COMP = caldav('comp');
/** Exactly what `storedComponents` writes. */
const STORED_NAME = /<comp name='([A-Z-]+)'/g;

/** What a calendar can be made for. VFREEBUSY and VAVAILABILITY are stored where a client asks for such a calendar (R1). */
export const STORABLE: readonly ComponentKind[] = COMPONENT_KINDS.filter((kind) => kind !== 'VPOLL');

export function storedComponents(kinds: readonly ComponentKind[]): string {
  const xml = new XmlWriter();
  xml.open(SUPPORTED_COMPONENTS);
  for (const name of kinds) {
    xml.open(COMP, { name });
    xml.close();
  }
  xml.close();
  return xml.take();
}

export function componentsOf({ properties }: Collection): readonly ComponentKind[] {
  const stored = properties.get(KEY);
  if (stored === undefined) return STORABLE;
  return Array.from(stored.matchAll(STORED_NAME), ([, name]) => name as ComponentKind);
}
