/** CalDAV as one DavFeature: kinds, methods, reports and properties, put together from the store and its companions. The table of contents of this package. */
import type { CalendarStore, Clock, DavFeature, Directory, JobQueue, Limits, Notifier, WriteStep } from '@kalends/contracts';
import { MAX_INSTANCES } from '@kalends/icalendar';
import { REMOVE_CALENDAR_JOB, deleteCalendarSpecs, removeCalendar } from './methods/delete-calendar.ts';
import { deleteItemSpecs } from './methods/delete-item.ts';
import { freeBusyUrlSpecs } from './methods/free-busy-url.ts';
import { getCollectionSpecs } from './methods/get-collection.ts';
import { getItemSpecs } from './methods/get-item.ts';
import { mkcalendarSpecs } from './methods/mkcalendar.ts';
import { moveCalendarSpecs } from './methods/move-calendar.ts';
import { MoveItem } from './methods/move-item.ts';
import { postCalendarSpecs } from './methods/post-calendar.ts';
import { PutItem } from './methods/put-item.ts';
import { bulkRequests } from './properties/bulk-requests.ts';
import { calendarData } from './properties/calendar-data.ts';
import { liveProperties } from './properties/live-caldav.ts';
import { principalProperties } from './properties/live-principal.ts';
import { componentProperties, initialComponents } from './properties/supported-components.ts';
import { supportedRscales } from './properties/supported-rscale.ts';
import { CalendarMultigetReport } from './reports/calendar-multiget.ts';
import { CalendarQueryReport } from './reports/calendar-query.ts';
import { FreeBusyQueryReport } from './reports/free-busy-query.ts';
import { CalendarHomes } from './resources/calendar-home.ts';
import { homeKinds } from './resources/kinds.ts';
import { CalendarDoor } from './write/commit.ts';
import type { DataSettings } from './write/draft.ts';
import { WriteSteps } from './write/steps.ts';

export interface CalDavParts {
  readonly store: CalendarStore; readonly directory: Directory; readonly steps: readonly WriteStep[]; readonly queue: JobQueue; readonly notifiers: readonly Notifier[];
  readonly limits: Limits; readonly publicUrl: URL; readonly clock: Clock;
  readonly data?: DataSettings;
  /** A setting: each calendar takes one kind of component. */ readonly singleComponent?: boolean;
}

export function calDavFeature({ store, directory, steps: given, queue, notifiers, limits: asked, publicUrl, clock, data = {}, singleComponent = false }: CalDavParts): DavFeature {
  const limits = effectiveLimits(asked, store);
  const steps = new WriteSteps(given);
  const door = new CalendarDoor({ store, steps, queue, notifiers, limits, clock, directory, data });
  const removal = { store, door, steps, limits, directory, notifiers };
  queue.handle(REMOVE_CALENDAR_JOB, (job, signal) => removeCalendar(removal, job, signal));
  return {
    name: 'caldav',
    compliance: ['calendar-access', 'calendar-query-extended', 'calendarserver-private-events', 'calendar-default-alarms', 'calendar-availability', 'inbox-availability'],
    resources: homeKinds(new CalendarHomes(store, directory), store),
    methods: [
      ...getItemSpecs(store), ...new PutItem(door, store, limits, publicUrl).specs, ...deleteItemSpecs(door, store, limits), ...new MoveItem(door, store, limits, publicUrl).specs,
      ...getCollectionSpecs(store), ...postCalendarSpecs({ door, store, limits }), ...mkcalendarSpecs({ store, initial: initialComponents(singleComponent) }), ...deleteCalendarSpecs(removal), ...moveCalendarSpecs({ store, notifiers, publicUrl }), ...freeBusyUrlSpecs({ store, directory, limits, clock }),
    ],
    reports: [new CalendarQueryReport(store, limits, clock).spec, new CalendarMultigetReport(store, limits).spec, new FreeBusyQueryReport(store, limits, clock).spec],
    properties: [...liveProperties(limits, () => Math.floor(clock.now() / 1000)), ...principalProperties, ...componentProperties(singleComponent), supportedRscales, bulkRequests, calendarData],
  };
}

/** What can be kept: the config's numbers, or the store's and the calendar layer's where those are lower. */
export function effectiveLimits(limits: Limits, { traits }: CalendarStore): Limits {
  return { ...limits, resourceOctets: Math.min(limits.resourceOctets, traits.maxItemOctets), instances: Math.min(limits.instances, MAX_INSTANCES) };
}
