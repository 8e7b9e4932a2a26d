/** CALDAV:schedule-calendar-transp (RFC 6638 §9.1): whether a calendar makes its owner busy. Opaque where nothing is said. */
import type { Collection, PrincipalId } from '@kalends/contracts';
import { XmlWriter, clark } from '@kalends/webdav';
import { caldav } from '../names.ts';

export type Transparency = 'opaque' | 'transparent';
export const SCHEDULE_TRANSPARENCY = caldav('schedule-calendar-transp');
const KEY = clark(SCHEDULE_TRANSPARENCY);

export function storedTransparency(value: Transparency): string {
  const xml = new XmlWriter();
  xml.open(SCHEDULE_TRANSPARENCY);
  xml.empty(caldav(value));
  xml.close();
  return xml.take();
}

/** For `viewer`, who may have set his own value; else for all. */
export function transparencyOf({ properties, personal }: Collection, viewer?: PrincipalId): Transparency {
  const own = viewer === undefined ? undefined : personal.get(viewer)?.get(KEY);
  return (own ?? properties.get(KEY))?.includes('<transparent') === true ? 'transparent' : 'opaque';
}
