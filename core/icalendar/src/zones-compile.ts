/**
 * A VTIMEZONE that an object brought (RFC 5545 §3.6.5), as jCal, to a zone. All onsets are expanded up to a horizon; observances without end go on from there by their
 * rules. Refuses what has no observance and what an attacker would write; knows no zone names.
 */
import { MAX_OBSERVANCES, MAX_STEPS, MAX_ZONE_DATES } from './limits.ts';
import { makePlan } from './recurrence-plan.ts';
import { isProblem, ruleFromJcal, type Rule } from './recurrence-rule.ts';
import { collect, type Budget } from './recurrence-walk.ts';
import { DAY, daysFromCivil, LAST_LOCAL, parseOffset, parseTime, type LocalSeconds } from './time.ts';
import { zoneFromTable, type Onset, type OpenObservance } from './zones-table.ts';
import type { JcalComponent, JcalProperty, Zone, ZoneProblem } from './zones.ts';

/** Rules without end are written out between these years; Outlook's begin in 1601. */
const FIRST_OPEN = daysFromCivil(1900, 1, 1) * DAY;
const HORIZON = daysFromCivil(2038, 1, 1) * DAY;

interface Observance {
  readonly from: number;
  readonly to: number;
  readonly start: LocalSeconds;
  readonly rules: readonly Rule[];
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
  const onsets: Onset[] = [];
  const open: OpenObservance[] = [];
  const budget: Budget = { instances: MAX_ZONE_DATES * 2, steps: MAX_STEPS };
  let before = { utc: Infinity, offset: 0 };
  for (const observance of observances) {
    const { from, to } = observance;
    for (const local of startsOf(observance, budget, open)) {
      const utc = local - from;
      onsets.push({ utc, to });
      if (utc < before.utc) before = { utc, offset: from };
    }
  }
  const tzid = properties.find(([name]) => /^tzid$/i.test(name))?.[3];
  return zoneFromTable({ id: typeof tzid === 'string' ? tzid : '', onsets, before: before.offset, open, horizon: HORIZON });
}

/** The onsets of one observance before the horizon; what goes on after it is added to `open`. */
function startsOf({ from, to, start, rules, dates }: Observance, budget: Budget, open: OpenObservance[]): readonly LocalSeconds[] {
  const found = [...dates];
  // A rule names DTSTART too; it stands alone where there is none.
  if (rules.length === 0 || start >= FIRST_OPEN) found.push(start);
  for (const rule of rules) {
    const zone = zoneFromTable({ id: '', onsets: [], before: from, open: [], horizon: 0 });
    const plan = makePlan(rule, { start, kind: 'zoned', zone });
    const isOpen = plan.until >= HORIZON + from;
    if (isOpen) open.push({ plan, from, to });
    const reach = collect(plan, isOpen ? Math.max(start, FIRST_OPEN) : start, isOpen ? HORIZON + from : LAST_LOCAL, budget, found);
    if (reach < (isOpen ? HORIZON + from : LAST_LOCAL)) throw new Refused('the VTIMEZONE changes its offset too often');
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
  return { from, to: offset('tzoffsetto'), start: start.local + (start.kind === 'utc' ? from : 0), rules: all('rrule').map(ruleOf), dates };
}

function ruleOf(property: JcalProperty): Rule {
  const rule = ruleFromJcal(property[3]);
  if (isProblem(rule)) throw new Refused(`the RRULE of an observance is not valid: ${rule.problem}`);
  return rule;
}

/** A period counts from its start. */
function dateOf(value: unknown, from: number): LocalSeconds {
  const text = Array.isArray(value) ? String(value[0]) : String(value).split('/', 1)[0]!;
  const time = parseTime(text);
  if (time === undefined) throw new Refused(`RDATE:${text} is not a date or time`);
  return time.local + (time.kind === 'utc' ? from : 0);
}
