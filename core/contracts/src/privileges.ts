/**
 * Privileges as bits of one integer (RFC 3744 §3, RFC 4791 §6.1, RFC 6638 §6). A leaf has one bit; an aggregate is the union of what lies below it,
 * so "may they" is `(granted & wanted) === wanted`.
 */
import type { Privileges } from './ids.ts';

const bit = (n: number): Privileges => (1 << n) as Privileges;

/** RFC 4791 §6.1.1: contained in DAV:read, so that whoever reads may also ask when. */
export const READ_FREE_BUSY = bit(0);
/** DAV:read, with CALDAV:read-free-busy. */
export const READ = (bit(1) | READ_FREE_BUSY) as Privileges;
export const WRITE_PROPERTIES = bit(2);
export const WRITE_CONTENT = bit(3);
export const BIND = bit(4);
export const UNBIND = bit(5);
export const UNLOCK = bit(6);
export const READ_ACL = bit(7);
export const READ_CURRENT_USER_PRIVILEGE_SET = bit(8);
export const WRITE_ACL = bit(9);
/** DAV:write (RFC 3744 §3.2). */
export const WRITE = (WRITE_PROPERTIES | WRITE_CONTENT | BIND | UNBIND) as Privileges;

export const SCHEDULE_DELIVER_INVITE = bit(10);
export const SCHEDULE_DELIVER_REPLY = bit(11);
export const SCHEDULE_QUERY_FREEBUSY = bit(12);
/** CALDAV:schedule-deliver (RFC 6638 §6.1). */
export const SCHEDULE_DELIVER = (SCHEDULE_DELIVER_INVITE | SCHEDULE_DELIVER_REPLY | SCHEDULE_QUERY_FREEBUSY) as Privileges;
export const SCHEDULE_SEND_INVITE = bit(13);
export const SCHEDULE_SEND_REPLY = bit(14);
export const SCHEDULE_SEND_FREEBUSY = bit(15);
/** CALDAV:schedule-send (RFC 6638 §6.2). */
export const SCHEDULE_SEND = (SCHEDULE_SEND_INVITE | SCHEDULE_SEND_REPLY | SCHEDULE_SEND_FREEBUSY) as Privileges;
/** CALDAV:schedule of the drafts before RFC 6638; clients still look for it on inbox and outbox. */
export const SCHEDULE = bit(16);

/** DAV:all. */
export const ALL = (READ | WRITE | UNLOCK | READ_ACL | READ_CURRENT_USER_PRIVILEGE_SET | WRITE_ACL | SCHEDULE_DELIVER | SCHEDULE_SEND | SCHEDULE) as Privileges;
export const NONE = 0 as Privileges;
