/** The actions `list` and `find` (RFC 7808 §5.2, §5.5). */
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { vtimezoneText, zoneNames } from '@kalends/icalendar';
import { Problem } from './problem.ts';
import { PUBLISHER, aliasesOf, lastModified, syncToken, version } from './zone-names.ts';
import { jsonAnswer, single } from './zone-request.ts';
import type { ZoneAnswer, ZoneRequest } from './zone-request.ts';

interface ListedZone {
  readonly tzid: string; readonly etag: string; readonly 'last-modified': string; readonly publisher: string; readonly version: string; readonly aliases?: readonly string[];
}

/** Of a zone as it is published. */
export const tagOf = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('base64url').slice(0, 16);

export class ZoneList {
  #zones: Promise<readonly ListedZone[]> | undefined;

  async list({ query }: ZoneRequest): Promise<ZoneAnswer> {
    const since = single(query, 'changedsince', 'invalid-changedsince');
    return answer(since !== undefined && isCurrent(since) ? [] : await this.#all());
  }

  async find({ query }: ZoneRequest): Promise<ZoneAnswer> {
    const matches = matcher(single(query, 'pattern', 'invalid-pattern') ?? '');
    return answer((await this.#all()).filter(({ tzid, aliases = [] }) => matches(tzid) || aliases.some(matches)));
  }

  #all(): Promise<readonly ListedZone[]> {
    return (this.#zones ??= allZones());
  }
}

/** Each zone is written once, for its tag: some 100 ms of work, in turns. */
async function allZones(): Promise<readonly ListedZone[]> {
  const zones: ListedZone[] = [];
  for (const tzid of zoneNames()) {
    if (zones.length % 10 === 9) await nextTurn();
    const aliases = aliasesOf(tzid);
    zones.push({
      tzid, etag: tagOf(vtimezoneText(tzid) ?? ''), 'last-modified': lastModified(), publisher: PUBLISHER, version: version(), ...(aliases.length === 0 ? {} : { aliases }),
    });
  }
  return zones;
}

/** `dtstamp` is how the drafts told what `synctoken` tells. */
function answer(timezones: readonly ListedZone[]): ZoneAnswer {
  return jsonAnswer({ synctoken: syncToken(), dtstamp: lastModified(), timezones }, syncToken());
}

/**
 * Whether the holder of a token has everything. Holders of older ones get all zones, since nothing is kept of former data; the tags tell them which to fetch.
 * @throws Problem `invalid-changedsince` for what this service cannot have given
 */
function isCurrent(token: string): boolean {
  const given = readToken(token);
  const own = readToken(syncToken())!;
  if (given === undefined || given.version > own.version || (given.version === own.version && given.form > own.form)) {
    throw new Problem('invalid-changedsince', 'The token is not one of this service: ask for the whole list.');
  }
  return token === syncToken();
}

function readToken(token: string): { readonly version: string; readonly form: number } | undefined {
  const match = /^(\d{4}[a-z]{1,2})-(\d{1,6})$/.exec(token);
  return match === null ? undefined : { version: match[1]!, form: Number(match[2]) };
}

/** Case and underscores do not matter; an asterisk at either end stands for anything, one behind a backslash for itself. @throws Problem `invalid-pattern` */
function matcher(pattern: string): (name: string) => boolean {
  const match = /^(\*?)((?:[^*\\]|\\[*\\])+)(\*?)$/.exec(pattern);
  if (match === null) throw new Problem('invalid-pattern', 'A pattern is a part of a name, with an asterisk before or behind it where the name may go on.');
  const [, before, text = '', behind] = match;
  const part = plain(text.replace(/\\(.)/g, '$1'));
  if (before === '') return behind === '' ? (name) => plain(name) === part : (name) => plain(name).startsWith(part);
  return behind === '' ? (name) => plain(name).endsWith(part) : (name) => plain(name).includes(part);
}

const plain = (name: string): string => name.toLowerCase().replaceAll('_', ' ');
