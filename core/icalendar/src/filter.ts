/**
 * CALDAV:filter as data (RFC 4791 §9.7): what `query/read-filter.ts` of caldav makes from XML and `match.ts` answers. Names are in capitals. A range without
 * start or end has the ends of `ALWAYS`.
 */
import type { TimeRange } from '@kalends/contracts';

/** Ends of what has no end. */
export const DISTANT = 2 ** 52;
export const ALWAYS: TimeRange = { start: -DISTANT, end: DISTANT };

/** §9.7.1. Without any condition: the component is there. */
export interface ComponentFilter {
  readonly name: string;
  /** `is-not-defined`: nothing below is looked at. */ readonly absent?: boolean;
  readonly range?: TimeRange;
  /** Of `properties` and `components` one suffices (calendarserver's calendar-query-extended: `test="anyof"`); the range must be met all the same. */ readonly any?: boolean;
  readonly properties: readonly PropertyFilter[];
  readonly components: readonly ComponentFilter[];
}

/** §9.7.2. All conditions must hold for one and the same property. */
export interface PropertyFilter {
  readonly name: string;
  readonly absent?: boolean;
  /** Of `parameters` one suffices. */ readonly any?: boolean;
  readonly range?: TimeRange;
  readonly text?: TextMatch;
  readonly parameters: readonly ParameterFilter[];
}

/** §9.7.3. */
export interface ParameterFilter { readonly name: string; readonly absent?: boolean; readonly text?: TextMatch }

/** §9.7.5: substring, unless `how` says otherwise (calendar-query-extended; as RFC 6352 §10.5.4). `i;unicode-casemap` is RFC 5051; the first two every server has (§7.5.1). */
export interface TextMatch { readonly text: string; readonly collation: Collation; readonly negate: boolean; readonly how?: MatchType }
export type MatchType = 'contains' | 'equals' | 'starts-with' | 'ends-with';
export const MATCH_TYPES: readonly MatchType[] = ['contains', 'equals', 'starts-with', 'ends-with'];
export type Collation = 'i;ascii-casemap' | 'i;octet' | 'i;unicode-casemap';
export const COLLATIONS: readonly Collation[] = ['i;ascii-casemap', 'i;octet', 'i;unicode-casemap'];
