/**
 * DAV:supported-privilege-set of every kind below a home (RFC 3744 §5.3, RFC 4791 §6.1, RFC 6638 §6). What a kind's tree lacks is masked from every
 * answer, so this is also the list of what can be granted there. Who is granted what is `default-access.ts`.
 */
import {
  ALL, READ, READ_FREE_BUSY, SCHEDULE, SCHEDULE_DELIVER, SCHEDULE_DELIVER_INVITE, SCHEDULE_DELIVER_REPLY, SCHEDULE_QUERY_FREEBUSY, SCHEDULE_SEND, SCHEDULE_SEND_FREEBUSY,
  SCHEDULE_SEND_INVITE, SCHEDULE_SEND_REPLY,
} from '@kalends/contracts';
import type { PrivilegeTree, Privileges } from '@kalends/contracts';
import { dav, readOwnPrivileges, writingPrivileges } from '@kalends/webdav';
import { caldav } from '../names.ts';

const readFreeBusy: PrivilegeTree = { name: caldav('read-free-busy'), bits: READ_FREE_BUSY, description: 'allow free busy report query' };
const readCalendar: PrivilegeTree = { name: dav('read'), bits: READ, description: 'read resource', children: [readFreeBusy, readOwnPrivileges] };
/** Plain files know no busy time; the bits stay those of DAV:read, so one test serves every kind. */
const readFile: PrivilegeTree = { name: dav('read'), bits: READ, description: 'read resource', children: [readOwnPrivileges] };
/** RFC 6638 §6.1. */
const deliver: PrivilegeTree = {
  name: caldav('schedule-deliver'), bits: SCHEDULE_DELIVER, description: 'deliver scheduling messages',
  children: [
    { name: caldav('schedule-deliver-invite'), bits: SCHEDULE_DELIVER_INVITE, description: 'deliver invitations from organizers' },
    { name: caldav('schedule-deliver-reply'), bits: SCHEDULE_DELIVER_REPLY, description: 'deliver replies from attendees' },
    { name: caldav('schedule-query-freebusy'), bits: SCHEDULE_QUERY_FREEBUSY, description: 'ask for free busy time' },
  ],
};
/** RFC 6638 §6.2. */
const send: PrivilegeTree = {
  name: caldav('schedule-send'), bits: SCHEDULE_SEND, description: 'send scheduling messages',
  children: [
    { name: caldav('schedule-send-invite'), bits: SCHEDULE_SEND_INVITE, description: 'send invitations as organizer' },
    { name: caldav('schedule-send-reply'), bits: SCHEDULE_SEND_REPLY, description: 'send replies as attendee' },
    { name: caldav('schedule-send-freebusy'), bits: SCHEDULE_SEND_FREEBUSY, description: 'send free busy requests' },
  ],
};
/** Of the drafts before RFC 6638; clients still look for it. */
const schedule: PrivilegeTree = { name: caldav('schedule'), bits: SCHEDULE, description: 'schedule' };

const SCHEDULING = SCHEDULE_DELIVER | SCHEDULE_SEND | SCHEDULE;
const all = (children: readonly PrivilegeTree[], scheduling: Privileges): PrivilegeTree => ({
  name: dav('all'), bits: (ALL & ~SCHEDULING) | scheduling, description: 'all privileges', children,
});

export const calendarPrivileges: PrivilegeTree = all([readCalendar, ...writingPrivileges], 0);
export const filePrivileges: PrivilegeTree = all([readFile, ...writingPrivileges], 0);
export const inboxPrivileges: PrivilegeTree = all([readCalendar, ...writingPrivileges, deliver, schedule], SCHEDULE_DELIVER | SCHEDULE);
export const outboxPrivileges: PrivilegeTree = all([readCalendar, ...writingPrivileges, send, schedule], SCHEDULE_SEND | SCHEDULE);
export const freeBusyPrivileges: PrivilegeTree = all([readCalendar, ...writingPrivileges, deliver, schedule], SCHEDULE_DELIVER | SCHEDULE);
