/**
 * principal-search-property-set REPORT (RFC 3744 §9.5): what principal-property-search looks into. The same for everybody, so it is a constant, spelled and
 * spaced as Apple's server did (its test suite compares text). First and last names are searched too; Apple's clients know that without being told.
 */
import { READ } from '@kalends/contracts';
import type { ReportSpec } from '@kalends/contracts';
import { badRequest } from '../errors/preconditions.ts';
import { XML_TYPE } from '../errors/write-error.ts';
import { CALDAV, CALENDARSERVER, DAV, dav } from '../xml/names.ts';
import { XML_DECLARATION } from '../xml/write.ts';
import { needDepthZero } from './acl-reports.ts';

const SEARCHED = [
  [DAV, 'displayname', 'Display Name'],
  [CALENDARSERVER, 'email-address-set', 'Email Addresses'],
  [CALDAV, 'calendar-user-address-set', 'Calendar User Address Set'],
  [CALDAV, 'calendar-user-type', 'Calendar User Type'],
] as const;

const rows = SEARCHED.map(([ns, local, description]) => `  <principal-search-property>
    <prop>
      <${local}${ns === DAV ? '' : ` xmlns='${ns}'`}/>
    </prop>
    <description xml:lang='en'>${description}</description>
  </principal-search-property>
`);
const BODY = Buffer.from(`${XML_DECLARATION}<principal-search-property-set xmlns='DAV:'>\n${rows.join('')}</principal-search-property-set>\n`);

export const principalSearchPropertySet: ReportSpec<undefined> = {
  name: dav('principal-search-property-set'),
  kinds: ['root', 'listing', 'uids-listing', 'principal-listing', 'principal', 'proxy'],
  requires: READ,
  read(body) {
    if (body.children.length > 0) throw badRequest('principal-search-property-set is empty.');
    return undefined;
  },
  async run(request) {
    needDepthZero(request);
    request.http.response.writeHead(200, { 'Content-Type': XML_TYPE, 'Content-Length': BODY.length });
    request.http.response.end(BODY);
  },
};
