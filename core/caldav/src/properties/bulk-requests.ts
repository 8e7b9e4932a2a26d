/** MM:bulk-requests (calendarserver-bulk-change §5.1): that many objects may come in one request, and how many. */
import type { LiveProperty } from '@kalends/contracts';
import { MAX_XML_OCTETS } from '@kalends/webdav';
import { MAX_BULK_OCTETS, MAX_BULK_RESOURCES, mobileMe } from '../bulk/entry.ts';
import { fixed } from './define.ts';

export const bulkRequests: LiveProperty = fixed(mobileMe('bulk-requests'), ['calendar'], (xml) => {
  for (const [name, octets] of REQUESTS) {
    xml.open(name);
    for (const [limit, most] of [[MOST_RESOURCES, MAX_BULK_RESOURCES], [MOST_OCTETS, octets]] as const) {
      xml.open(limit);
      xml.text(String(most));
      xml.close();
    }
    xml.close();
  }
});
const REQUESTS = [[mobileMe('simple'), MAX_BULK_OCTETS], [mobileMe('crud'), MAX_XML_OCTETS]] as const;
const MOST_RESOURCES = mobileMe('max-resources');
const MOST_OCTETS = mobileMe('max-bytes');
