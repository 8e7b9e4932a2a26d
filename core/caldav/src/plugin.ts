/** The plugin `caldav`. */
import { accessSource, calendarStore, clock, davFeature, deployment, directory, jobLog, jobQueue, notifier, writeStep } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import { z } from 'zod';
import { calDavFeature } from './feature.ts';
import { GroupAccess } from './resources/group-access.ts';
import { FactsKeeper } from './write/facts-keeper.ts';

export default definePlugin({
  name: '@kalends/caldav',
  api: 1,
  summary: 'Calendars over WebDAV (RFC 4791).',
  config: z.strictObject({
    'remove-duplicate-alarms': z.boolean().default(false).describe('Store one of the alarms of an event that have the same ACTION and TRIGGER, as the classic server did.'),
    'keep-durations': z.boolean().default(false).describe('Store durations that old clients misspell (P1DT) as they are sent, not corrected; then the answer has an ETag.'),
    'single-component-calendars': z.boolean().default(false).describe('A calendar is made for one kind of component (events, or to-dos), as the classic server made them; some old clients want that.'),
  }),
  provides: { feature: davFeature, groups: accessSource },
  requires: { store: calendarStore, jobs: jobLog, directory, steps: writeStep, queue: jobQueue, notifiers: notifier, deployment, clock },

  setup({ config, deps: { store, jobs, directory, steps, queue, notifiers, deployment, clock }, lifecycle, log }) {
    const keeper = new FactsKeeper({ store, jobs, clock, log });
    const stopped = new AbortController();
    let running: Promise<void> | undefined;
    lifecycle.onStart(() => {
      running = keeper.run(stopped.signal);
      return Promise.resolve();
    });
    lifecycle.onStop(async () => {
      stopped.abort();
      await running;
    });
    return {
      feature: calDavFeature({ store, directory, steps, queue, notifiers, limits: deployment.limits, publicUrl: deployment.publicUrl, clock, data: { removeDuplicateAlarms: config['remove-duplicate-alarms'], keepDurations: config['keep-durations'] }, singleComponent: config['single-component-calendars'] }),
      groups: new GroupAccess(directory),
    };
  },
});
