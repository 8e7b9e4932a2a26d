/**
 * What tells CalDAV clients that they may leave well-known time zones out of their objects, and where to look zones up (RFC 7809 §3.1, §5.1). That objects are taken and
 * sent so is CalDAV's own; it is advertised here, since it means nothing without the service.
 */
import type { DavFeature, QName } from '@kalends/contracts';

const TIMEZONE_SERVICE_SET: QName = { ns: 'urn:ietf:params:xml:ns:caldav', local: 'timezone-service-set' };

export function timeZonesByReference(path: string): DavFeature {
  return {
    name: 'timezone-service',
    compliance: ['calendar-no-timezone'],
    properties: [{
      name: TIMEZONE_SERVICE_SET, kinds: ['home'],
      write(xml) {
        xml.href(path);
        return true;
      },
    }],
  };
}
