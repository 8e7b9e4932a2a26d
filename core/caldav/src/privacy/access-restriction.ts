/**
 * Who may say what others see of an event (caldav-privateevents): the owner alone, in words that are known; and what is overwritten without a word about it stays
 * as it was said.
 */
import type { Home, Identity, Item } from '@kalends/contracts';
import { ownerLevel, statedLevel, withLevel } from '@kalends/icalendar';
import type { CalendarObject } from '@kalends/icalendar';
import { validAccessRestriction } from '../preconditions.ts';

/** @throws DavError calendarserver:valid-access-restriction */
export function checkAccessRestriction({ root }: CalendarObject, { principal, groups }: Identity, { owner }: Home): void {
  const stated = statedLevel(root);
  if (stated === undefined || stated === 'public') return;
  if (stated === 'unknown') throw validAccessRestriction('X-CALENDARSERVER-ACCESS is PUBLIC, PRIVATE, CONFIDENTIAL or RESTRICTED.');
  if (principal !== owner && !groups.has(owner)) throw validAccessRestriction('Only the owner of a calendar says what others see of an event.');
}

/** `current`: with facts. */
export function keepingAccess(object: CalendarObject, current: Item): CalendarObject {
  const level = current.facts === undefined ? 'public' : ownerLevel(current.facts);
  return level === 'public' || statedLevel(object.root) !== undefined ? object : withLevel(object, level);
}
