/**
 * Every cap of the calendar layer, with its reason. Those that the RFCs make visible are reported in the property named beside them.
 * Nothing here is configuration: what a deployment sets (`limits:`: octets, attendees, fewer instances) is held at the protocol's door.
 */

/** `CALDAV:max-instances` (RFC 4791 §5.2.8). Eight years of a daily meeting; the number that the server we re-create had, and that clients split series at. */
export const MAX_INSTANCES = 3000;

/**
 * Periods (years, months, weeks, days, hours…) that one look at one series may visit: the 20,871 weeks after which the calendar repeats, so that a rule that names
 * nothing (30 February) is mostly known to. What yields something reaches MAX_INSTANCES well before; the rest is given up here, after a millisecond or two, and
 * reported as truncated.
 */
export const MAX_STEPS = 21_000;

/** Values that one BYxxx part of a rule may have: all of BYYEARDAY's, twice. Longer lists are an attack on the parser. */
export const MAX_RULE_VALUES = 732;

/** RRULE and EXRULE properties of one component: the RFC advises one; old data has two or three. */
export const MAX_RULES = 16;

/** RDATE and EXDATE values of one component. A daily meeting that was cancelled for 25 years has fewer. */
export const MAX_DATES = 10_000;

/** Observances and RDATEs of one VTIMEZONE. The richest real zone (Africa/Casablanca with its Ramadans until 2087) has about 200. */
export const MAX_OBSERVANCES = 512;
export const MAX_ZONE_DATES = 2048;

/** Distinct VTIMEZONEs kept compiled. Real servers see a few hundred, each at most 10 KB. */
export const MAX_COMPILED_ZONES = 512;

/** Definitions of zones that are added to one object: a small one could name a thousand, of 2 KB each. A tour of the world names 38. */
export const MAX_ADDED_ZONES = 64;

/** Components of one parsed text, nested ones included; ten times what the largest real object has. Imports, which hold many objects, are bounded by octets. */
export const MAX_COMPONENTS = 10_000;
/** Properties of one parsed text: a line of one octet each would otherwise cost 500,000 objects a MiB. */
export const MAX_PROPERTIES = 100_000;
/** BEGIN inside BEGIN. RFC 5545 needs 3, RFC 9073 5. */
export const MAX_DEPTH = 12;
/** Parameter values of one property. */
export const MAX_PARAMETERS = 1000;
/** Octets of a file to be split into objects: an import of some 90,000 events, and about ten times that in memory while it is read. */
export const MAX_IMPORT_OCTETS = 67_108_864;
/** Runs of one occurrence table; some 5 octets each. A longer table covers less, and later ranges are answered by a look at the body. */
export const MAX_RUNS = 4096;
/** Starts of one uneven series that facts cover: three a day for twenty years. Even ones are computed, whatever their number. */
export const MAX_COVERED_STARTS = 20_000;
/** Problems told of one object: nobody reads more, and each costs memory. */
export const MAX_PROBLEMS = 20;
/** Instances of one object in one expanded answer (RFC 4791 §9.6.5): 27 years of a daily meeting, about 10 MB. The first ones are given. */
export const MAX_EXPANDED = 10_000;
