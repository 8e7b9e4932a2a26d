/** All verifiers by the names that scripts call them. */
import type { Verifier } from '../answer.ts';
import { calendarDataMatch, freeBusy, jcalDataMatch, jsonPointerMatch, postFreeBusy } from './calendar.ts';
import { dataMatch, dataString, header, statusCode } from './http.ts';
import { aclItems, multistatusItems, prepostcondition, propfindItems, propfindValues } from './multistatus.ts';
import { xmlDataMatch, xmlElementMatch } from './xml.ts';

export const verifiers: ReadonlyMap<string, Verifier> = new Map(Object.entries({
  aclItems, calendarDataMatch, dataMatch, dataString, freeBusy, header, jcalDataMatch, jsonPointerMatch, multistatusItems, postFreeBusy, prepostcondition,
  propfindItems, propfindValues, statusCode, xmlDataMatch, xmlElementMatch,
}));
