import type { EpochSeconds, ItemFacts } from '@kalends/contracts';
import type { CalendarObject } from './calendar-object.ts';
import type { Problem } from './problem.ts';

export type Derived =
  | { readonly facts: ItemFacts; readonly problems?: undefined }
  | { readonly facts?: undefined; readonly problems: readonly Problem[] };
/**
 * ItemFacts of a valid object. Endless series are covered until `coverUntil`. Problems: more than MAX_INSTANCES in a finite series (`max-instances`), an override
 * that is no instance of its recurring master (`valid-calendar-data`).
 */
export function deriveFacts(_object: CalendarObject, _coverUntil: EpochSeconds): Derived { throw new Error('to come'); }
