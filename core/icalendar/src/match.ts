import type { ComponentKind, ItemFacts, ItemQuery } from '@kalends/contracts';
import type { ComponentFilter } from './filter.ts';
import type { Zone } from './zones.ts';

export interface MatchItem { readonly component?: ComponentKind; readonly facts?: ItemFacts; readonly body?: Uint8Array }
export interface Matcher {
  /** For `CalendarStore.queryItems`: a superset. */ readonly query: ItemQuery;
  /** Without facts every item needs its body. */ readonly needsFacts: boolean;
  /** No item can be decided without its body: ask for it at once. */ readonly needsBody: boolean;
  /** Nothing matches: there is no need to ask the store. */ readonly never: boolean;
  /** `'needs-body'`: the facts do not reach that far; ask again with the body (never answered when there is one). */
  test(item: MatchItem): boolean | 'needs-body';
}
/** `filter` is the VCALENDAR one (RFC 4791 §9.7). `floating`: the zone of floating times and dates; absent: UTC. */
export function matcher(_filter: ComponentFilter, _floating?: Zone): Matcher { throw new Error('to come'); }
