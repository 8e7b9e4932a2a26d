/** Refuses several processes over a store that only one may have open: nothing else would notice before data is lost. */
import { calendarStore, deployment } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import { z } from 'zod';

export default definePlugin({
  name: '@kalends/server/store-check',
  api: 1,
  summary: 'Refuses more processes than the store allows.',
  config: z.strictObject({}),
  provides: {},
  requires: { store: calendarStore, deployment },
  setup({ deps: { store, deployment } }) {
    if (deployment.role !== 'single' && store.traits.concurrency === 'process') {
      throw new Error('the calendar store can be open in one process only; set process.role to single, or take another store');
    }
    return {};
  },
});
