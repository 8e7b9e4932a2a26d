/**
 * CALDAV:filter (RFC 4791 §9.7), compiled once per query: what the store can narrow down, what the facts decide, and what needs the octets. `test` is exact.
 *
 * Cheap first: kind and UID from the row, time range and alarms from the facts; the body is parsed only for texts, parameters, alarms' times, and ranges beyond
 * what the facts cover.
 */
import type { ComponentKind, ItemFacts, ItemQuery, TimeRange } from '@kalends/contracts';
import { isComponentKind } from './calendar-object.ts';
import { HAS_ALARM } from './fact-flags.ts';
import type { ComponentFilter, PropertyFilter } from './filter.ts';
import type { ObjectTest } from './match-object.ts';
import { objectTest } from './match-object.ts';
import { factsTouch } from './overlap.ts';
import { parse } from './parse.ts';
import { textMatcher } from './text-match.ts';
import type { Zone } from './zones.ts';

/** What of an `Item` matching looks at. */
export interface MatchItem {
  readonly component?: ComponentKind; readonly meta?: { readonly uid?: string }; readonly facts?: ItemFacts; readonly body?: Uint8Array;
}
export interface Matcher {
  /** For `CalendarStore.queryItems`: a superset. */ readonly query: ItemQuery;
  /** Without facts every item needs its body. */ readonly needsFacts: boolean;
  /** `select.meta`: a test of the UID is answered from the row. */ readonly needsMeta: boolean;
  /** Nearly every item must be decided by its body: ask for it at once. */ readonly needsBody: boolean;
  /** Nothing matches: there is no need to ask the store. */ readonly never: boolean;
  /** `'needs-body'`: the facts do not reach that far; ask again with the body. A body that cannot be parsed does not match. */
  test(item: MatchItem): boolean | 'needs-body';
}

/** `filter` is the VCALENDAR one (RFC 4791 §9.7). `floating`: the zone of floating times and dates; absent: UTC. */
export function matcher(filter: ComponentFilter, floating?: Zone): Matcher {
  const plan = makePlan(filter);
  const exact = objectTest(filter, floating);
  return {
    query: plan.query, never: plan.never, needsMeta: plan.uids.length > 0, needsBody: plan.residual,
    needsFacts: plan.checks.some(({ range, alarm }) => range !== undefined || alarm !== undefined),
    test: (item) => testItem(plan, exact, item, floating),
  };
}

/** One comp-filter on a kind that objects have. */
interface Check {
  readonly kind: ComponentKind; readonly range: TimeRange | undefined;
  /** Must (or must not) have a VALARM. */ readonly alarm: boolean | undefined;
}
interface Plan {
  readonly query: ItemQuery;
  readonly never: boolean;
  readonly checks: readonly Check[];
  readonly absent: readonly ComponentKind[];
  readonly uids: readonly ((uid: string) => boolean)[];
  /** Something is left that the row and the facts cannot answer. */ readonly residual: boolean;
}

function makePlan(filter: ComponentFilter): Plan {
  // Where one of several conditions suffices, none of them narrows anything down.
  const wanted = filter.any === true ? [] : filter.components.filter(({ name, absent }) => absent !== true && isComponentKind(name)).map(necessary);
  const kinds = new Set(wanted.map(({ name }) => name as ComponentKind));
  const absent = filter.any === true ? [] : filter.components.filter((child) => child.absent === true).flatMap(({ name }) => (isComponentKind(name) ? [name] : []));
  const checks = wanted.map(({ name, range, components }) => ({ kind: name as ComponentKind, range, alarm: alarmNeed(components) }));
  const uidFilters = wanted.flatMap(({ properties }) => properties.filter(isUidText));
  const contradicts = kinds.size > 1 || [...kinds].some((one) => absent.includes(one)) || checks.some(({ range }) => range !== undefined && range.start >= range.end);
  const [kind] = kinds;
  const overlapping = wanted.map(necessaryRange).find((range) => range !== undefined);
  return {
    query: { ...(kind === undefined ? {} : { component: kind }), ...(overlapping === undefined ? {} : { overlaps: overlapping }) },
    never: filter.name !== 'VCALENDAR' || filter.absent === true || contradicts,
    checks, absent,
    uids: uidFilters.map(({ text }) => textMatcher(text!)),
    residual: filter.any === true || filter.properties.length > 0 || filter.range !== undefined || filter.components.some(isResidual) || wanted.length > 1,
  };
}

/** What of a comp-filter every match meets. */
function necessary(filter: ComponentFilter): ComponentFilter {
  return filter.any === true ? { ...filter, properties: [], components: [] } : filter;
}

/** A range that an item's bounds must overlap for it to match at all; they cover alarms, and COMPLETED and CREATED of a VTODO. */
function necessaryRange({ name, range, properties, components }: ComponentFilter): TimeRange | undefined {
  if (range !== undefined) return range;
  const alarm = components.find((child) => child.name === 'VALARM' && child.absent !== true && child.range !== undefined);
  if (alarm !== undefined) return alarm.range;
  const within = name === 'VTODO' ? ['DTSTART', 'COMPLETED', 'CREATED'] : ['DTSTART'];
  return properties.find((property) => property.absent !== true && property.range !== undefined && within.includes(property.name))?.range;
}

function alarmNeed(components: readonly ComponentFilter[]): boolean | undefined {
  const alarm = components.find(({ name }) => name === 'VALARM');
  return alarm === undefined ? undefined : alarm.absent !== true;
}

/** All but kind, time range and UID: of several conditions one and the same component must meet all, which facts do not say. */
function isResidual({ name, absent, any, properties, components }: ComponentFilter): boolean {
  if (!isComponentKind(name) || any === true) return true;
  return absent !== true && (components.length > 0 || properties.some((property) => !isUidText(property)));
}

/** All parts of an object have its UID. */
function isUidText({ name, absent, range, text, parameters }: PropertyFilter): boolean {
  return name === 'UID' && absent !== true && range === undefined && text !== undefined && parameters.length === 0;
}

function testItem(plan: Plan, exact: ObjectTest, item: MatchItem, floating: Zone | undefined): boolean | 'needs-body' {
  if (plan.never) return false;
  const quick = testRow(plan, item, floating);
  if (quick === false || (quick === true && !plan.residual)) return quick;
  if (item.body === undefined) return 'needs-body';
  const { object } = parse(item.body);
  return object !== undefined && exact(object);
}

/** From the row and the facts alone. False is final; true is what `residual` still narrows; undefined: they do not say. */
function testRow({ checks, absent, uids }: Plan, { component, meta, facts }: MatchItem, floating: Zone | undefined): boolean | undefined {
  const uid = meta?.uid;
  let known: boolean | undefined = true;
  if (component === undefined) known = undefined;
  else if (absent.includes(component) || checks.some(({ kind }) => kind !== component)) return false;
  if (uids.length > 0 && uid === undefined) known = undefined;
  else if (uid !== undefined && !uids.every((test) => test(uid))) return false;
  for (const { range, alarm } of checks) {
    if (range === undefined && alarm === undefined) continue;
    if (facts === undefined) {
      known = undefined;
      continue;
    }
    if (alarm === true && (facts.flags & HAS_ALARM) === 0) return false;
    if (range === undefined) continue;
    const touching = factsTouch(facts, range, floating);
    if (touching === false) return false;
    if (touching === undefined) known = undefined;
  }
  return known;
}
