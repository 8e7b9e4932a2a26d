/** The plugin `caldav`. */
import { attachmentStore, calendarStore, clock, davFeature, deployment, directory, jobQueue, notifier, recordStore, writeStep } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import { z } from 'zod';
import { calDavFeature } from './feature.ts';

export default definePlugin({
  name: '@kalends/caldav',
  api: 1,
  summary: 'Calendars over WebDAV (RFC 4791).',
  config: z.strictObject({}),
  provides: { feature: davFeature },
  requires: { store: calendarStore, records: recordStore, directory, steps: writeStep, queue: jobQueue, notifiers: notifier, attachments: attachmentStore, deployment, clock },

  setup({ deps: { store, directory, steps, queue, notifiers, deployment: { limits, publicUrl }, clock } }) {
    return { feature: calDavFeature({ store, directory, steps, queue, notifiers, limits, publicUrl, clock }) };
  },
});
