/** CALDAV:supported-rscale-set (RFC 7529 §7): the calendars in which rules may count. */
import type { LiveProperty } from '@kalends/contracts';
import { RULE_SCALES } from '@kalends/icalendar';
import { caldav } from '../names.ts';
import { fixed } from './define.ts';

const SCALE = caldav('supported-rscale');

export const supportedRscales: LiveProperty = fixed(caldav('supported-rscale-set'), ['calendar', 'share'], (xml) => {
  for (const scale of RULE_SCALES) {
    xml.open(SCALE);
    xml.text(scale);
    xml.close();
  }
});
