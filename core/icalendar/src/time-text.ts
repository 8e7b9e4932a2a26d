/** Times as property text (RFC 5545 §3.3): the counterpart of `time-values.ts`. */
import type { Property } from './component.ts';
import { makeProperty } from './component.ts';
import type { Clock } from './slices.ts';
import { DAY, formatDate, formatDateTime, formatUtc } from './time.ts';

/** `P1D`, `PT1H30M`, `P1DT2H`; a full day is P1D (RFC 5545 §3.3.6). `seconds` must not be negative. */
export function formatDuration(seconds: number): string {
  const days = Math.floor(seconds / DAY);
  const rest = seconds % DAY;
  const [hours, minutes, left] = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60];
  const time = `${hours === 0 ? '' : `${hours}H`}${minutes === 0 ? '' : `${minutes}M`}${left === 0 ? '' : `${left}S`}`;
  if (days === 0 && time === '') return 'PT0S';
  return `P${days === 0 ? '' : `${days}D`}${time === '' ? '' : `T${time}`}`;
}

/** Parameters and value behind a property's name: `;VALUE=DATE:20240229`, `:20240229T120000`, `:20240229T120000Z`. */
export function timeText(clock: Clock, at: number): string {
  return clock === 1 ? `;VALUE=DATE:${formatDate(at)}` : clock === 2 ? `:${formatDateTime(at)}` : `:${formatUtc(at)}`;
}

export function timeProperty(name: string, clock: Clock, at: number): Property {
  return clock === 1 ? makeProperty(name, formatDate(at), { VALUE: 'DATE' }) : makeProperty(name, clock === 2 ? formatDateTime(at) : formatUtc(at));
}
