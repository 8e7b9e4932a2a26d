/** The action `leapseconds` (RFC 7808 §5.6): how far TAI is ahead of UTC, from when on, and until when that is known. */
import { leapSeconds } from '@kalends/icalendar';
import { jsonAnswer } from './zone-request.ts';
import type { ZoneAnswer } from './zone-request.ts';
import { PUBLISHER, syncToken, version } from './zone-names.ts';

export function listLeapSeconds(): ZoneAnswer {
  const { expires, steps } = leapSeconds();
  return jsonAnswer({ expires, publisher: PUBLISHER, version: version(), leapseconds: steps.map(({ onset, offset }) => ({ 'utc-offset': offset, onset })) }, syncToken());
}
