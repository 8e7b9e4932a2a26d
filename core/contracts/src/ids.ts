declare const brand: unique symbol;
type Brand<T, B extends string> = T & { readonly [brand]: B };
/**
 * The directory's stable unique id as the directory spells it (GUID, entryUUID, objectGUID), escaped where it is not URL-safe. Appears in URLs. Never a DN, an
 * address or a login. A proxy group's is `<id>/calendar-proxy-read` or `<id>/calendar-proxy-write`.
 */
export type PrincipalId = Brand<string, 'PrincipalId'>;
export type HomeId = Brand<string, 'HomeId'>;
export type CollectionId = Brand<string, 'CollectionId'>;
export type JobId = Brand<string, 'JobId'>;
/** The last URL segment of an item, decoded, NFC, at most 255 octets, no `/` and no control characters. */
export type ItemName = Brand<string, 'ItemName'>;
/** Opaque, without quotes: letters, digits, `-` and `_`, so that neither HTTP nor XML must escape it. Changes whenever the stored octets change, and only then. */
export type ETag = Brand<string, 'ETag'>;
/** Grows by one with each committed change in a home; a collection's is that of the last change in or below it. Never reused within an epoch. */
export type Revision = Brand<number, 'Revision'>;
/** Whole seconds since 1970-01-01T00:00:00Z; may be negative. */
export type EpochSeconds = number;
/** Half open: `start` is inside, `end` is not. */
export interface TimeRange { readonly start: EpochSeconds; readonly end: EpochSeconds }
export interface QName { readonly ns: string; readonly local: string }
export type ComponentKind = 'VEVENT' | 'VTODO' | 'VJOURNAL' | 'VFREEBUSY' | 'VAVAILABILITY' | 'VPOLL';
/** Bits of `contracts/privileges.ts`, aggregates already expanded (RFC 3744 §3, RFC 4791 §6.1, RFC 6638 §6). */
export type Privileges = number;
export type Batches<T> = AsyncIterable<readonly T[]>;
