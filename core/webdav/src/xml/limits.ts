/** What a request body may cost. Each number is far above what clients send and far below what hurts. */

/** Elements inside one another; clients reach about 8. Deeper ones only serve to exhaust a stack. */
export const MAX_DEPTH = 100;
/** Elements in one body: a multiget of 50,000 hrefs still fits. */
export const MAX_ELEMENTS = 100_000;
/** Attributes and namespace declarations of one element. */
export const MAX_ATTRIBUTES = 64;
/** Octets of an XML body; PROPPATCH of a time zone is some kilobytes, the largest multigets are a few megabytes. */
export const MAX_XML_OCTETS = 8 * 1024 * 1024;
/** Bodies up to so many octets are kept parsed: clients repeat theirs forever. */
export const CACHED_BODY_OCTETS = 4096;
/** So many of them. */
export const CACHED_BODIES = 256;
/** A property of a client's own, as it is kept: it is part of its collection's row, which every request reads. */
export const MAX_PROPERTY_LENGTH = 256 * 1024;
/** All of them on one resource: names and values. */
export const MAX_PROPERTIES_LENGTH = 1024 * 1024;
/** What one person keeps for himself on another's collection. */
export const MAX_PERSONAL_LENGTH = 128 * 1024;
/** Names in one DAV:prop, and properties in one expand-property: clients ask for some dozens. Each costs work in every row. */
export const MAX_ASKED_PROPERTIES = 1000;
