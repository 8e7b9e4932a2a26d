import { describeCalendarStore } from '../suites/calendar-store-suite.ts';
import type { OpenStore } from '../suites/store-harness.ts';
import { memoryStore } from './memory-store.ts';

const open = (runWorkTwice: boolean): OpenStore => async (setting) => {
  const memory = memoryStore({ ...setting, runWorkTwice });
  return { ...memory, reopen: async () => memory.reopen(), locate: () => undefined, close: async () => undefined };
};

describeCalendarStore('the memory store', open(false));
describeCalendarStore('the memory store that runs each work twice', open(true));
