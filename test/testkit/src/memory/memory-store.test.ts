import { describeCalendarStore } from '../suites/calendar-store-suite.ts';
import { describeJobLog } from '../suites/job-log-suite.ts';
import { describeStoreMaintenance } from '../suites/maintenance-suite.ts';
import { describeRecordStore } from '../suites/record-store-suite.ts';
import type { OpenStore } from '../suites/store-harness.ts';
import { memoryStore } from './memory-store.ts';

const open = (runWorkTwice: boolean): OpenStore => async (setting) => {
  const memory = memoryStore({ ...setting, runWorkTwice });
  return { ...memory, reopen: async () => memory.reopen(), locate: () => undefined, close: async () => undefined };
};

describeCalendarStore('the memory store', open(false));
describeCalendarStore('the memory store that runs each work twice', open(true));
describeJobLog('the memory store', open(false));
describeRecordStore('the memory store', open(false));
describeStoreMaintenance('the memory store', open(false));
