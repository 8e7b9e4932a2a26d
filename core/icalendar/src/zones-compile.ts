/**
 * A VTIMEZONE that an object brought (RFC 5545 §3.6.5), as jCal, to a zone. All onsets are expanded up to a horizon; observances without end go on from there by their
 * rules. Refuses what has no observance and what an attacker would write; knows no zone names.
 */
import { MAX_OBSERVANCES, MAX_RULES, MAX_STEPS, MAX_ZONE_DATES } from './limits.ts';
import { makePlan, type Plan } from './recurrence-plan.ts';
import { isProblem, ruleFromJcal, type Rule } from './recurrence-rule.ts';
import { collect, type Budget } from './recurrence-walk.ts';
import { civilFromDays, DAY, dayNumber, daysFromCivil, parseOffset, parseTime, yearOf, type LocalSeconds } from './time.ts';
import { zoneFromTable, type Onset, type OpenObservance } from './zones-table.ts';
import type { JcalComponent, JcalProperty, Zone, ZoneProblem } from './zones.ts';

/** Rules without end are written out from here; Outlook's begin in 1601. */
const FIRST_OPEN = daysFromCivil(1900, 1, 1) * DAY;
/**
 * And up to here, or to the year after the last that dates and ending rules name (Gaza's Ramadans until 2086): later there are only rules without end. What ends
 * after LATEST counts as without end.
 */
const HORIZON_YEAR = 2038;
const LATEST = daysFromCivil(2200, 1, 1) * DAY;

interface Observance {
  readonly from: number;
  readonly to: number;
  readonly start: LocalSeconds;
  readonly plans: readonly Plan[];
  /** Local, as all times of an observance are told in the offset before it. */
  readonly dates: readonly LocalSeconds[];
}

class Refused extends Error {}

export function zoneFromVtimezone(vtimezone: JcalComponent): Zone | ZoneProblem {
  try {
    return build(vtimezone);
  } catch (error) {
    if (error instanceof Refused) return { problem: error.message };
    throw error;
  }
}

function build([, properties, components]: JcalComponent): Zone {
  const observances = components.filter(([name]) => /^(standard|daylight)$/i.test(name)).map(readObservance);
  if (observances.length === 0) throw new Refused('a VTIMEZONE needs an observance, STANDARD or DAYLIGHT');
  if (observances.length > MAX_OBSERVANCES) throw new Refused(`a VTIMEZONE has at most ${MAX_OBSERVANCES} observances`);
  const horizon = horizonOf(observances);
  const onsets: Onset[] = [];
  const budget: Budget = { instances: MAX_ZONE_DATES * 2, steps: MAX_STEPS };
  let before = { utc: Infinity, offset: 0 };
  for (const observance of observances) {
    const { from, to } = observance;
    for (const local of startsOf(observance, horizon, budget)) {
      const utc = local - from;
      onsets.push({ utc, to });
      if (utc < before.utc) before = { utc, offset: from };
    }
  }
  const open = observances.flatMap(({ plans, from, to }) => plans.filter(isOpen).map((plan): OpenObservance => ({ plan, from, to })));
  const tzid = properties.find(([name]) => /^tzid$/i.test(name))?.[3];
  return zoneFromTable({ id: typeof tzid === 'string' ? tzid : '', onsets, before: before.offset, open, horizon });
}

const isOpen = ({ until }: Plan): boolean => until >= LATEST;

function horizonOf(observances: readonly Observance[]): number {
  let last = -Infinity;
  for (const { start, plans, dates } of observances) {
    for (const time of [start, ...dates, ...plans.filter((plan) => !isOpen(plan)).map(({ until }) => until)]) last = Math.max(last, Math.min(time, LATEST));
  }
  const year = Math.max(HORIZON_YEAR, yearOf(civilFromDays(dayNumber(last))) + 1);
  return daysFromCivil(year, 1, 1) * DAY;
}

/** The onsets of one observance before the horizon. */
function startsOf({ start, plans, dates }: Observance, horizon: number, budget: Budget): readonly LocalSeconds[] {
  const found = [...dates];
  // DTSTART is an onset even where the rule does not name it; in 1601 nobody asks.
  if (plans.length === 0 || start >= FIRST_OPEN) found.push(start);
  for (const plan of plans) {
    const [lower, upper] = isOpen(plan) ? [Math.max(start, FIRST_OPEN), horizon + DAY] : [start, LATEST];
    if (collect(plan, lower, upper, budget, found) < upper) throw new Refused('the VTIMEZONE changes its offset too often');
  }
  return found;
}

function readObservance([, properties]: JcalComponent): Observance {
  const all = (name: string): readonly JcalProperty[] => properties.filter((property) => property[0].toLowerCase() === name);
  const one = (name: string): unknown => all(name)[0]?.[3];
  const offset = (name: string): number => {
    const value = parseOffset(String(one(name) ?? ''));
    if (value === undefined || Math.abs(value) > DAY) throw new Refused(`an observance needs a valid ${name.toUpperCase()}`);
    return value;
  };
  const from = offset('tzoffsetfrom');
  const start = parseTime(String(one('dtstart') ?? ''));
  if (start === undefined) throw new Refused('an observance needs a valid DTSTART');
  const dates = all('rdate').flatMap(([, , , ...values]) => values.map((value) => dateOf(value, from)));
  if (dates.length > MAX_ZONE_DATES) throw new Refused(`an observance has at most ${MAX_ZONE_DATES} RDATEs`);
  if (all('rrule').length > MAX_RULES) throw new Refused(`an observance has at most ${MAX_RULES} RRULEs`);
  const local = start.local + (start.kind === 'utc' ? from : 0);
  const zone = zoneFromTable({ id: '', onsets: [], before: from, open: [], horizon: 0 });
  return { from, to: offset('tzoffsetto'), start: local, plans: all('rrule').map((property) => makePlan(ruleOf(property), { start: local, kind: 'zoned', zone })), dates };
}

function ruleOf(property: JcalProperty): Rule {
  const rule = ruleFromJcal(property[3]);
  if (isProblem(rule)) throw new Refused(`the RRULE of an observance is not valid: ${rule.problem}`);
  // No clock was ever changed every week, and counting such rules out would be the dearest thing that a VTIMEZONE can ask for.
  if (rule.frequency !== 'YEARLY' && rule.frequency !== 'MONTHLY') throw new Refused(`${rule.frequency} is too often for an observance`);
  return rule;
}

/** A period counts from its start. */
function dateOf(value: unknown, from: number): LocalSeconds {
  const text = Array.isArray(value) ? String(value[0]) : String(value).split('/', 1)[0]!;
  const time = parseTime(text);
  if (time === undefined) throw new Refused(`RDATE:${text} is not a date or time`);
  return time.local + (time.kind === 'utc' ? from : 0);
}
