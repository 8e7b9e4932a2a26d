/**
 * The benchmark's own checks, without its clock: it knows from its data set which objects and how many instances lie in a month, what a sync must tell, and that a
 * GET after a PUT shows the new text. A quick answer that is wrong would be no news.
 */
import { FilledCalendar, OPERATIONS } from '@kalends/bench';
import { expect, it } from 'vitest';
import { AMY_HOME, givenServer } from './caldav-server.ts';

it('finds no answer wrong, with one client and with four', async () => {
  await using server = await givenServer();
  const target = { name: 'ours', home: new URL(AMY_HOME, server.url), account: { user: 'amy', password: 'amy', scheme: 'basic' as const }, pids: [] };
  await using calendar = await FilledCalendar.make(target, { total: 120, clients: 4 });
  for (const clients of [1, 4]) {
    for (const operation of OPERATIONS) {
      if (operation !== 'delete') await calendar.settle();
      const { failures, firstFailure, latencies } = await calendar.measure(operation, clients, { seconds: 0.02, warmSeconds: 0.001 });
      expect({ operation, clients, failures, firstFailure }).toEqual({ operation, clients, failures: 0, firstFailure: undefined });
      expect(latencies.length).toBeGreaterThan(0);
    }
  }
  expect(server.errors).toEqual([]);
});
