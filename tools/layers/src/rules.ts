/**
 * The dependency rule of the house as data: which package may import which, and which library has one importer only. An arrow that is not here is forbidden.
 */

/** Packages of the house, by folder. `plugins/lib-*` and `plugins/*` stand for all of that shape. */
export const ARROWS: Readonly<Record<string, readonly string[] | 'everything'>> = {
  'core/kernel': [],
  'core/contracts': ['core/kernel'],
  'core/icalendar': ['core/contracts'],
  'core/directory': ['core/kernel', 'core/contracts'],
  'core/http': ['core/kernel', 'core/contracts'],
  'core/webdav': ['core/kernel', 'core/contracts', 'core/http'],
  'core/caldav': ['core/kernel', 'core/contracts', 'core/icalendar', 'core/http', 'core/webdav'],
  'core/scheduling': ['core/kernel', 'core/contracts', 'core/icalendar', 'core/http', 'core/webdav', 'core/caldav'],
  'core/server': 'everything',
  'plugins/lib-*': ['core/kernel', 'core/contracts'],
  // It serves what the calendar layer computes with.
  'plugins/timezone-service': ['core/kernel', 'core/contracts', 'core/icalendar'],
  // A write step opens calendar objects.
  'plugins/classic-data': ['core/kernel', 'core/contracts', 'core/icalendar'],
  'plugins/*': ['core/kernel', 'core/contracts', 'plugins/lib-*'],
  'tools/*': 'everything',
  'test/testkit': ['core/kernel', 'core/contracts', 'core/icalendar', 'core/server'],
  'test/*': 'everything',
};

/** Libraries with a reason to have few importers. */
export const LIBRARIES: readonly { readonly library: string; readonly only: readonly string[]; readonly because: string }[] = [
  { library: 'ical.js', only: ['core/icalendar'], because: 'jCal and ICAL objects do not cross the package border' },
  { library: 'saxes', only: ['core/webdav'], because: 'one XML reader, with its limits' },
  { library: 'tsyringe', only: ['core/kernel'], because: 'no code but the scope sees a container' },
  { library: 'winston', only: ['core/kernel'], because: 'everybody else logs through Logger' },
  { library: 'passport', only: ['core/http'], because: 'strategies become Authenticators in one place' },
  { library: 'node:sqlite', only: ['plugins/lib-shards', 'plugins/storage-flat-file', 'test/faults'], because: 'stores alone know databases' },
];

/** Text that only these files may hold (path prefixes); tests are free. */
export const DOORS: readonly { readonly text: RegExp; readonly within: string; readonly only: readonly string[]; readonly because: string }[] = [
  {
    text: /\btx\.putItem\(/, within: 'core/', only: ['core/caldav/src/write/', 'core/webdav/src/methods/'],
    because: 'calendar objects have one door, caldav/write/commit.ts; plain files have webdav/methods',
  },
  { text: /\bimport\(\s*[^'"\s)]/, within: 'core/', only: ['core/kernel/src/plugin/resolve-use.ts'], because: 'plugins are loaded in one place' },
];
