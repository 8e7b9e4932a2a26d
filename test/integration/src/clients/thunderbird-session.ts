/**
 * Thunderbird with one person's account: what the test does is said here in the application's own terms (`cal.provider.detection`, `cal.manager`, a calendar's
 * `addItem`), so that the test reads as a person's day.
 */
import { startDriven } from './marionette.ts';
import type { Driven } from './marionette.ts';

export interface FoundCalendar { readonly type: string; readonly name: string; readonly path: string; readonly readOnly: boolean; readonly color: string | null }

export interface ThunderbirdSession extends AsyncDisposable {
  /** "New calendar, on the network": URL, user and password, and subscribes to all CalDAV calendars that are found. */ subscribe(url: string, user: string, password: string): Promise<readonly FoundCalendar[]>;
  /** Unsubscribes. */ forget(calendar: string): Promise<void>;
  /** The summaries that a calendar shows, sorted, once `wanted` is among them or, with `gone`, no longer is. */ shown(calendar: string, wanted?: string, gone?: boolean): Promise<readonly string[]>;
  refresh(calendar: string): Promise<void>;
  add(calendar: string, ics: string): Promise<void>;
  /** Renames the item, or with `occurrence` (UTC, as in RECURRENCE-ID) that one of its series. */ rename(calendar: string, uid: string, summary: string, occurrence?: string): Promise<void>;
  complete(calendar: string, uid: string): Promise<void>;
  remove(calendar: string, uid: string): Promise<void>;
}

/** Nothing leaves the machine, and no window asks anything. */
const QUIET = {
  'app.update.enabled': false, 'datareporting.policy.dataSubmissionEnabled': false, 'network.captive-portal-service.enabled': false, 'network.connectivity-service.enabled': false,
  'extensions.update.enabled': false, 'mailnews.start_page.enabled': false, 'services.settings.server': 'data:,', 'mail.provider.suppress_dialog_on_startup': true,
  'network.dns.disabled': false, 'toolkit.telemetry.enabled': false, 'calendar.timezone.local': 'UTC', 'calendar.timezone.useSystemTimezone': false,
};

const PRELUDE = `
  const { cal } = ChromeUtils.importESModule('resource:///modules/calendar/calUtils.sys.mjs');
  const { setTimeout } = ChromeUtils.importESModule('resource://gre/modules/Timer.sys.mjs');
  const until = async (what, look) => {
    const end = Date.now() + 20000;
    for (let found; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
      if ((found = await look())) return found;
      if (Date.now() > end) throw new Error('waited for nothing: ' + what);
    }
  };
  const calendarOf = (name) => cal.manager.getCalendars().find((calendar) => calendar.name === name);
  const itemsOf = (name) => calendarOf(name).getItemsAsArray(Ci.calICalendar.ITEM_FILTER_ALL_ITEMS, 0, null, null);
  const itemOf = async (name, uid) => until(uid + ' in ' + name, async () => (await itemsOf(name)).find(({ id }) => id === uid));
`;

const SUBSCRIBE = `
  const [url, user, password] = args;
  Services.prefs.setBoolPref('signon.rememberSignons', true); // Marionette turns it off
  const found = await cal.provider.detection.detect(user, password, url, true, [], {});
  const calendars = [...found].flatMap(([, list]) => list);
  // A calendar's own URL is a calendar file too; CalDAV is what a person takes.
  const taken = calendars.filter(({ type }) => type === 'caldav');
  const loaded = new Set();
  const observer = { QueryInterface: ChromeUtils.generateQI(['calIObserver']), onLoad: ({ id }) => { loaded.add(id); } };
  for (const event of ['onStartBatch', 'onEndBatch', 'onAddItem', 'onModifyItem', 'onDeleteItem', 'onError', 'onPropertyChanged', 'onPropertyDeleting']) observer[event] = () => {};
  cal.manager.addCalendarObserver(observer);
  for (const calendar of taken) {
    calendar.setProperty('cache.enabled', true);
    cal.manager.registerCalendar(calendar);
  }
  // Two requests at once that both find that they must log in are one too many: it sends an empty name with the second, and forgets the password.
  await until('the first sync', () => taken.every(({ id }) => loaded.has(id)));
  cal.manager.removeCalendarObserver(observer);
  return calendars.map(({ type, name, uri, readOnly }, i) => ({ type, name, path: uri.filePath, readOnly, color: calendars[i].getProperty('color') }));
`;
const SHOWN = `
  const [name, wanted, gone] = args;
  const titles = async () => (await itemsOf(name)).map(({ title }) => title).sort();
  if (wanted === null) return titles();
  await until((gone ? 'the end of ' : '') + wanted + ' in ' + name, async () => (await titles()).includes(wanted) !== gone);
  return titles();
`;
const ADD = `
  const [name, ics] = args;
  const { CalEvent } = ChromeUtils.importESModule('resource:///modules/CalEvent.sys.mjs');
  const { CalTodo } = ChromeUtils.importESModule('resource:///modules/CalTodo.sys.mjs');
  await calendarOf(name).addItem(ics.includes('BEGIN:VTODO') ? new CalTodo(ics) : new CalEvent(ics));
`;
const RENAME = `
  const [name, uid, summary, occurrence] = args;
  const old = await itemOf(name, uid);
  const changed = old.clone();
  if (occurrence === null) changed.title = summary;
  else {
    const one = changed.recurrenceInfo.getOccurrenceFor(cal.createDateTime(occurrence)).clone();
    one.title = summary;
    changed.recurrenceInfo.modifyException(one, true);
  }
  await calendarOf(name).modifyItem(changed, old);
`;
const COMPLETE = `
  const [name, uid] = args;
  const old = await itemOf(name, uid);
  const changed = old.clone();
  changed.isCompleted = true;
  await calendarOf(name).modifyItem(changed, old);
`;
const REMOVE = `await calendarOf(args[0]).deleteItem(await itemOf(...args));`;

export async function startThunderbird(): Promise<ThunderbirdSession> {
  const driven: Driven = await startDriven('thunderbird', QUIET);
  const run = (body: string, ...args: readonly unknown[]): Promise<unknown> => driven.run(PRELUDE + body, ...args);
  return {
    subscribe: async (...args) => await run(SUBSCRIBE, ...args) as readonly FoundCalendar[],
    forget: async (calendar) => { await run(`cal.manager.unregisterCalendar(calendarOf(args[0]));`, calendar); },
    shown: async (calendar, wanted, gone) => await run(SHOWN, calendar, wanted ?? null, gone ?? false) as readonly string[],
    refresh: async (calendar) => { await run(`calendarOf(args[0]).refresh();`, calendar); },
    add: async (calendar, ics) => { await run(ADD, calendar, ics); },
    rename: async (calendar, uid, summary, occurrence) => { await run(RENAME, calendar, uid, summary, occurrence ?? null); },
    complete: async (calendar, uid) => { await run(COMPLETE, calendar, uid); },
    remove: async (calendar, uid) => { await run(REMOVE, calendar, uid); },
    [Symbol.asyncDispose]: () => driven[Symbol.asyncDispose](),
  };
}
