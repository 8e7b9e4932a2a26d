/**
 * Every cap of the calendar layer, with its reason. Those that the RFCs make visible are reported in the property named beside them.
 * Nothing here is configuration: a deployment lowers what it wants at the protocol's door.
 */

/** `CALDAV:max-instances` (RFC 4791 §5.2.8). Eight years of a daily meeting; the number that the server we re-create had, and that clients split series at. */
export const MAX_INSTANCES = 3000;

/** `CALDAV:max-attendees-per-instance` (§5.2.9): what one message to a room list still carries. */
export const MAX_ATTENDEES = 100;

/** `CALDAV:max-resource-size` (§5.2.5), octets. Parsing costs about 20 ms a MiB, so this bounds what one PUT may hold up. */
export const MAX_RESOURCE_OCTETS = 1_048_576;

/**
 * Periods (years, months, weeks, days, hours…) that one look at one rule may visit. A rule that yields something reaches MAX_INSTANCES well before; one
 * that never does, such as 30 February, is given up here, after about a millisecond, and reported as truncated.
 */
export const MAX_STEPS = 20_000;

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
