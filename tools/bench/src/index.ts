export { main } from './main.ts';
export { FilledCalendar } from './filled-calendar.ts';
export type { Target } from './filled-calendar.ts';
export type { Duration, Figures, Tally } from './measure.ts';
export { OPERATIONS } from './operations.ts';
export type { Operation } from './operations.ts';
export { sample } from './data-set.ts';
export type { Sample, SampleOptions } from './data-set.ts';
