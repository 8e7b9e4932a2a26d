/** How stores read their files back: the calendar layer behind a narrow door. */
import { clock, itemReader } from '@kalends/contracts';
import { createItemReader } from '@kalends/icalendar';
import { definePlugin } from '@kalends/kernel';
import { z } from 'zod';

export default definePlugin({
  name: '@kalends/server/item-reader',
  api: 1,
  summary: 'Reads calendar objects back from files.',
  config: z.strictObject({}),
  provides: { itemReader },
  requires: { clock },
  setup: ({ deps }) => ({ itemReader: createItemReader(() => Math.floor(deps.clock.now() / 1_000)) }),
});
