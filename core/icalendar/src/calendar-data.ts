/** CALDAV:calendar-data of a request as data (RFC 4791 §9.6): what to leave out, what to expand. Names are in capitals. */
import type { TimeRange } from '@kalends/contracts';

export interface CalendarDataSpec {
  /** Absent: everything (§9.6.1). The top one is VCALENDAR. */ readonly component?: ComponentSelection;
  /** §9.6.5; never beside `limitRecurrenceSet`. */ readonly expand?: TimeRange;
  /** §9.6.6. */ readonly limitRecurrenceSet?: TimeRange;
  /** §9.6.7. */ readonly limitFreebusySet?: TimeRange;
}

/** §9.6.1: `'all'` is allprop, allcomp. With nothing in either list it is the whole component, as §7.8.1 shows. */
export interface ComponentSelection {
  readonly name: string;
  readonly properties: 'all' | readonly PropertySelection[];
  readonly components: 'all' | readonly ComponentSelection[];
}

/** §9.6.4. `novalue`: the name and parameters, with an empty value. */
export interface PropertySelection { readonly name: string; readonly novalue: boolean }
