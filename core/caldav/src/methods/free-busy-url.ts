/**
 * GET and POST of a home's free-busy URL (CalConnect "Freebusy Read URL", as the classic server offers it): when its owner is busy, as far as the calendars let
 * whoever asks see it. Parameters: `start`, `end` (UTC), or `duration` for the end; `format`.
 */
import type { CalendarStore, Clock, DavRequest, Directory, Limits, MethodSpec, TimeRange } from '@kalends/contracts';
import { READ } from '@kalends/contracts';
import { freeBusyText, makeProperty, parseDuration, parseTime } from '@kalends/icalendar';
import { engineOf } from '@kalends/webdav';
import { randomUUID } from 'node:crypto';
import { supportedFormat, supportedQueryParameter, validQueryParameters } from '../preconditions.ts';
import { busyFor } from '../query/busy-for.ts';
import { busyInHome, nextTwoWeeks } from '../query/busy-time.ts';
import { checkReach } from '../query/time-range.ts';
import { sendCalendar } from './send-calendar.ts';

const DAY_SECONDS = 86_400;

export interface FreeBusyUrlParts { readonly store: CalendarStore; readonly directory: Directory; readonly limits: Limits; readonly clock: Clock }

export function freeBusyUrlSpecs(parts: FreeBusyUrlParts): readonly MethodSpec[] {
  return ['GET', 'POST'].map((method) => ({
    method, kinds: ['free-busy-url'], requires: () => [{ on: 'self' as const, privileges: READ }], handle: (request: DavRequest) => answer(parts, request),
  }));
}

async function answer({ store, directory, limits, clock }: FreeBusyUrlParts, request: DavRequest): Promise<void> {
  const now = Math.floor(clock.now() / 1000);
  const target = request.http.request.url ?? '';
  const query = target.indexOf('?');
  const searchParams = new URLSearchParams(query < 0 ? '' : target.slice(query));
  const range = rangeOf(searchParams, now);
  checkReach(range, now, limits);
  const { home, owner } = request.resource;
  const spans = await busyInHome(store, home!, range, { within: busyFor(engineOf(request).engine.access, request.identity, home!) });
  const address = (await directory.findById(owner!))?.addresses[0];
  const attendee = address === undefined ? {} : { attendee: makeProperty('ATTENDEE', address) };
  const text = freeBusyText({ range, spans, now, uid: randomUUID(), method: 'REPLY', ...attendee });
  sendCalendar(request, 200, text, searchParams.get('format') === 'text/plain' ? { 'Content-Type': 'text/plain;charset=utf-8' } : {});
}

/** @throws DavError as the classic server: 400 for values, 406 for parameters and formats it does not do */
function rangeOf(parameters: URLSearchParams, now: number): TimeRange {
  for (const name of ['token', 'user']) if (parameters.has(name)) throw supportedQueryParameter(`The parameter ${name} is not supported.`);
  const format = parameters.get('format') ?? 'text/calendar';
  if (format !== 'text/calendar' && format !== 'text/plain') throw supportedFormat('The formats are text/calendar and text/plain.');
  const [start, end, duration] = ['start', 'end', 'duration'].map((name) => parameters.get(name) ?? undefined);
  if (end !== undefined && duration !== undefined) throw validQueryParameters('Give an end or a duration, not both.');
  const usual = nextTwoWeeks(now);
  const from = start === undefined ? usual.start : instant(start);
  const to = end !== undefined ? instant(end) : duration === undefined ? from + usual.end - usual.start : from + length(duration);
  if (to <= from) throw validQueryParameters('The range ends before it starts.');
  return { start: from, end: to };
}

function instant(text: string): number {
  const parsed = parseTime(text);
  if (parsed?.kind !== 'utc') throw validQueryParameters('Times are date-times in UTC, as 20260101T000000Z.');
  return parsed.local;
}

function length(text: string): number {
  const parsed = parseDuration(text);
  if (parsed === undefined) throw validQueryParameters('A duration is one of iCalendar, as P14D.');
  return parsed.days * DAY_SECONDS + parsed.seconds;
}
