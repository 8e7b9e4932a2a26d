export { main } from './main.ts';
export { sample } from './data-set.ts';
export type { Sample, SampleOptions } from './data-set.ts';
