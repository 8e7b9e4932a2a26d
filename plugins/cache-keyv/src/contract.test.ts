/** The cache point, kept by keyv: it reads the wall clock, which is the suite's here. */
import { describeCache } from '@kalends/testkit';
import { vi } from 'vitest';
import plugin from './index.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

describeCache('cache-keyv', async (clock) => {
  const time = vi.spyOn(Date, 'now').mockImplementation(() => clock.now());
  const { cache } = await plugin.setup({ config: { entries: 1000 }, deps: {}, log: silent, lifecycle: { onStart() {}, onStop() {}, health() {} } });
  return { service: cache, close: () => Promise.resolve(void time.mockRestore()) };
});
