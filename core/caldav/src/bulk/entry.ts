/** What a bulk request asks for, one thing after another (calendarserver-bulk-change §3, §4), and what became of it. */
import type { ItemName, QName } from '@kalends/contracts';
import { condition } from '@kalends/webdav';
import type { DavError } from '@kalends/webdav';
import type { CalendarMedia } from '../query/read-calendar-data.ts';
import type { Outcome } from '../write/commit.ts';

export const MOBILE_ME = 'http://me.com/_namespace/';
export const mobileMe = (local: string): QName => ({ ns: MOBILE_ME, local });

/** Objects of one request; what a calendar holds by default. A second's work. */
export const MAX_BULK_RESOURCES = 10_000;
/** Octets of calendar data in one request; of XML the engine takes less. */
export const MAX_BULK_OCTETS = 10_485_760;

/** §6.1: the collection is not, or no longer, what the client thinks. */
export const ctagOk = condition(MOBILE_ME, 'ctag-ok', 412, undefined, 'The calendar has changed.');
/** More than the property of §5.1 says. */
export const maxBulkResources = condition<number>(MOBILE_ME, 'max-resources', 403, (xml, most) => xml.text(String(most)), 'The request holds more objects than this server takes at once.');

export interface CalendarBody { readonly octets: Uint8Array; readonly media: CalendarMedia }

interface Entry {
  /** As the client wrote it; undefined for what is to be made. */ readonly href: string | undefined;
  /** For the answer about what could not be made. */ uid(): string | undefined;
}
export interface CreateEntry extends Entry {
  readonly ask: 'create'; readonly href: undefined;
  /** As it was sent. */ readonly media: CalendarMedia; /** About its octets. */ readonly size: number;
  /** Written when it is needed. */ body(): CalendarBody;
}
export interface UpdateEntry extends Entry {
  readonly ask: 'update'; readonly href: string; readonly name: ItemName; readonly media: CalendarMedia; readonly size: number;
  /** Without quotes. */ readonly ifMatch: string | undefined;
  body(): CalendarBody;
}
export interface DeleteEntry extends Entry { readonly ask: 'delete'; readonly href: string; readonly name: ItemName; readonly ifMatch: string | undefined }
/** What is refused before anything is tried. */
export interface RefusedEntry extends Entry { readonly ask: 'nothing'; readonly error: DavError }
export type BulkEntry = CreateEntry | UpdateEntry | DeleteEntry | RefusedEntry;

/** One row of the answer. `name`: of what is there now. */
export type BulkRow = { readonly entry: BulkEntry } & (
  | { readonly error: DavError; readonly outcome?: undefined; readonly name?: undefined }
  | { readonly error?: undefined; /** Undefined: deleted. */ readonly outcome: Outcome | undefined; readonly name: ItemName | undefined; readonly recoded: boolean }
);
