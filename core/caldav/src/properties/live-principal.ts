/** What calendars add to principals: where their home is, how they are addressed, what they are (RFC 4791 §6.2.1; RFC 6638 §2.4; calendarserver.org). */
import type { LiveProperty, Principal, QName, XmlSink } from '@kalends/contracts';
import { dav } from '@kalends/webdav';
import { caldav, calendarserver } from '../names.ts';
import { hasHome, homePath, urlElsewhere } from '../resources/calendar-home.ts';

const TYPES: Readonly<Record<Principal['kind'], string>> = { user: 'INDIVIDUAL', group: 'GROUP', location: 'ROOM', resource: 'RESOURCE' };

export const principalProperties: readonly LiveProperty[] = [
  ofHome(caldav('calendar-home-set')),
  ofPrincipal(caldav('calendar-user-address-set'), (xml, { addresses }) => {
    for (const [index, address] of addresses.entries()) {
      // The attribute is Apple's: which of them to write into an invitation.
      xml.open(dav('href'), index === 0 ? { preferred: '1' } : {});
      xml.text(address);
      xml.close();
    }
    return true;
  }),
  ofPrincipal(caldav('calendar-user-type'), (xml, { kind }) => {
    xml.text(TYPES[kind]);
    return true;
  }),
  ofHome(calendarserver('dropbox-home-URL'), 'dropbox'),
  ofHome(calendarserver('notification-URL'), 'notification'),
];

/** The URL of the principal's home, or of a collection in it, absolute where it is another server's; absent for groups that have none. */
export function ofHome(name: QName, ...segments: readonly string[]): LiveProperty {
  return ofPrincipal(name, (xml, principal) => {
    if (!hasHome(principal)) return false;
    xml.href(urlElsewhere(principal, segments) ?? homePath(principal.id, segments));
    return true;
  });
}

function ofPrincipal(name: QName, write: (xml: XmlSink, principal: Principal) => boolean): LiveProperty {
  return { name, kinds: ['principal'], write: (xml, { resource: { principal } }) => principal !== undefined && write(xml, principal) };
}
