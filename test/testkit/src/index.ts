/** @kalends/testkit: contract suites, reference doubles, fixtures. Public names, nothing else. */
export { fakeClock } from './fake-clock.ts';
export type { FakeClock } from './fake-clock.ts';
export { MONDAY, ZONES, allDay, event, file, ics, recurring, todo, utc, write } from './ics.ts';
export type { EventOptions, GivenItem, TodoOptions } from './ics.ts';
export { FOREVER, factsOf, plainReader } from './plain-reader.ts';
export { memoryStore } from './memory/memory-store.ts';
export type { MemoryStore, MemoryStoreOptions, StoreProvider } from './memory/memory-store.ts';
