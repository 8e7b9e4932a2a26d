/** One VAVAILABILITY with its AVAILABLE components, beyond what all components must keep (RFC 7953 §3.1). */
import type { Component } from './component.ts';
import { findComponents, findProperty, parameter } from './component.ts';
import { parseTime } from './time.ts';
import type { Tell } from './validate.ts';

const RULE = 'RFC 7953 §3.1';

export function validateAvailability(part: Component, tell: Tell): void {
  validateTimes(part, tell);
  if (findProperty(part, 'DURATION') !== undefined && findProperty(part, 'DTSTART') === undefined) tell('valid-calendar-data', RULE, 'DURATION without DTSTART', part);
  for (const available of findComponents(part, 'AVAILABLE')) {
    for (const name of ['UID', 'DTSTART']) if (findProperty(available, name) === undefined) tell('valid-calendar-data', RULE, `AVAILABLE without ${name}`, available);
    validateTimes(available, tell);
  }
}

/** Date-times in UTC or with a zone: whoever asks from elsewhere must know when that is. */
function validateTimes(component: Component, tell: Tell): void {
  for (const name of ['DTSTART', 'DTEND']) {
    const property = findProperty(component, name);
    const kind = property === undefined ? undefined : parseTime(property.value.trim())?.kind;
    if (kind === 'date' || (kind === 'floating' && parameter(property!, 'TZID') === undefined)) {
      tell('valid-calendar-data', RULE, `${name} of ${component.name} is neither in UTC nor in a time zone`, property);
    }
  }
}
