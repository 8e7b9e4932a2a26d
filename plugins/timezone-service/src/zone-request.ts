/** A request as the actions get it, and the parameters that several of them read (RFC 7808 §5). */
import type { EpochSeconds } from '@kalends/contracts';
import { formatUtc, parseTime } from '@kalends/icalendar';
import { Problem } from './problem.ts';
import type { ProblemCode } from './problem.ts';

export interface ZoneRequest {
  readonly query: URLSearchParams;
  /** The field `Accept`. */ readonly accept: string | undefined;
}

/** What an action says; the same for everybody, so it can be kept. */
export interface ZoneAnswer {
  readonly type: string; readonly body: string | Uint8Array;
  /** What is inside the quotes of the ETag: another whenever the answer is. */ readonly tag: string;
  /** The tag is that of the same data in another format. */ readonly weak?: boolean;
  /** Depends on `Accept`. */ readonly negotiated?: boolean;
}

/** @throws Problem `code` where the parameter is given more than once */
export function single(query: URLSearchParams, name: string, code: ProblemCode): string | undefined {
  const values = query.getAll(name);
  if (values.length > 1) throw new Problem(code, `The parameter ${name} is given more than once.`);
  return values[0];
}

/** Later there is nothing but rules that go on, and each year costs. */
const LAST_YEAR = 2500;

/** @throws Problem `invalid-start`, `invalid-end` (RFC 7808 §5.3, §5.4) */
export function spanOf(query: URLSearchParams): { readonly start: EpochSeconds | undefined; readonly end: EpochSeconds | undefined } {
  const start = momentOf(query, 'start', 'invalid-start');
  const end = momentOf(query, 'end', 'invalid-end');
  if (start !== undefined && end !== undefined && end <= start) throw new Problem('invalid-end', 'The end is not after the start.');
  return { start, end };
}

function momentOf(query: URLSearchParams, name: string, code: ProblemCode): EpochSeconds | undefined {
  const text = single(query, name, code);
  if (text === undefined) return undefined;
  const match = /^((?!0000)\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z$/.exec(text);
  const time = match === null ? undefined : parseTime(`${match[1]}${match[2]}${match[3]}T${match[4]}${match[5]}${match[6]}Z`);
  if (time === undefined) throw new Problem(code, `The ${name} is a time in UTC, such as 2026-01-01T00:00:00Z.`);
  if (Number(match?.[1]) >= LAST_YEAR) throw new Problem(code, `The ${name} lies before the year ${LAST_YEAR}.`);
  return time.local;
}

/** RFC 3339 §5.6. */
export function timeText(utc: EpochSeconds): string {
  return formatUtc(utc).replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
}

export const JSON_TYPE = 'application/json; charset=utf-8';
export const jsonAnswer = (value: object, tag: string): ZoneAnswer => ({ type: JSON_TYPE, body: JSON.stringify(value), tag });
