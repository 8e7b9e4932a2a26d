/** When the VALARMs of a part go off (RFC 5545 §3.6.6, RFC 4791 §9.9): triggers with their repeats, relative to the part or on their own. */
import type { Component } from './component.ts';
import { findComponents, findProperty, parameter } from './component.ts';
import type { Part } from './series.ts';
import { DAY, HOUR, parseDuration } from './time.ts';
import type { ObjectZones } from './time-values.ts';
import { readDurationOf, readTime } from './time-values.ts';

/** First and last instant, in seconds from start or end of the part, or on their own. Widened where days on a clock may differ from 24 hours. */
export interface AlarmSpan { readonly related: 'start' | 'end' | 'none'; readonly from: number; readonly to: number }

export function alarmSpans(part: Part, zones: ObjectZones): readonly AlarmSpan[] {
  return findComponents(part.component, 'VALARM').flatMap((alarm) => {
    const trigger = readTrigger(alarm, zones);
    if (trigger === undefined) return [];
    const repeats = repeatsOf(alarm);
    const slack = trigger.days === 0 && repeats.days === 0 ? 0 : 2 * HOUR;
    const length = repeats.times * (repeats.seconds + repeats.days * DAY);
    return { related: trigger.related, from: trigger.at - slack, to: trigger.at + length + slack };
  });
}

export interface Trigger {
  readonly related: 'start' | 'end' | 'none';
  /** Seconds from what it is related to; an instant for `none`. */ readonly at: number;
  /** Of `at`, what are days on the clock. */ readonly days: number;
}

/** Undefined without a trigger that can be read. */
export function readTrigger(alarm: Component, zones: ObjectZones): Trigger | undefined {
  const property = findProperty(alarm, 'TRIGGER');
  if (property === undefined) return undefined;
  const duration = parseDuration(property.value.trim());
  if (duration !== undefined) {
    const related = parameter(property, 'RELATED')?.toUpperCase() === 'END' ? 'end' : 'start';
    return { related, at: duration.days * DAY + duration.seconds, days: duration.days };
  }
  const time = readTime(property, zones);
  return time === undefined ? undefined : { related: 'none', at: time.at, days: 0 };
}

/** REPEAT and DURATION, which come together or not at all. */
export function repeatsOf(alarm: Component): { readonly times: number; readonly days: number; readonly seconds: number } {
  const times = Number(findProperty(alarm, 'REPEAT')?.value ?? 0);
  const pause = readDurationOf(alarm, 'DURATION');
  if (pause === undefined || !Number.isInteger(times) || times <= 0) return { times: 0, days: 0, seconds: 0 };
  return { times: Math.min(times, 1000), days: pause.days, seconds: pause.seconds };
}
