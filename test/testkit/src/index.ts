/** @kalends/testkit: contract suites, reference doubles, fixtures. Public names, nothing else. */
export { fakeClock } from './doubles/fake-clock.ts';
export type { FakeClock } from './doubles/fake-clock.ts';
export { group, memoryDirectory, person, room } from './doubles/memory-directory.ts';
export type { MemoryDirectory, MemoryDirectoryOptions } from './doubles/memory-directory.ts';
export { clockPlugin, memoryDirectoryPlugin, memoryServicesPlugin, memoryStorePlugin, transportPlugin, trustingAuthenticatorPlugin } from './doubles/plugins.ts';
export { recordingTransport } from './doubles/recording-transport.ts';
export type { RecordingOptions, RecordingTransport } from './doubles/recording-transport.ts';
export { localChannel, memoryAttachments, memoryCache, memoryReplayGuard, memorySecrets } from './doubles/small-services.ts';
export { systemClock } from './doubles/system-clock.ts';
export { basic, trustingAuthenticator } from './doubles/trusting-authenticator.ts';
export { MONDAY, ZONES, allDay, event, file, ics, recurring, todo, utc, write } from './ics.ts';
export type { EventOptions, GivenItem, TodoOptions } from './ics.ts';
export { FOREVER, factsOf, plainReader } from './plain-reader.ts';
export { memoryStore } from './memory/memory-store.ts';
export type { MemoryStore, MemoryStoreOptions, StoreProvider } from './memory/memory-store.ts';
export { describeCalendarStore } from './suites/calendar-store-suite.ts';
export type { OpenStore, StoreHarness, StoreSetting } from './suites/store-harness.ts';
export { describeJobLog } from './suites/job-log-suite.ts';
export { describeStoreMaintenance } from './suites/maintenance-suite.ts';
export { describeRecordStore } from './suites/record-store-suite.ts';
export { PEOPLE, describeCredentialSource, describeDirectorySource } from './suites/directory-suite.ts';
export type { CredentialHarness, DirectoryGiven, DirectoryHarness } from './suites/directory-suite.ts';
export {
  authRequest, describeAttachmentStore, describeAuthenticator, describeCache, describeProcessChannel, describeReplayGuard, describeTransport,
} from './suites/service-suites.ts';
export type { AuthenticatorGiven, OpenService } from './suites/service-suites.ts';
export { runStoreTask } from './store-task.ts';
export type { StoreReport, StoreTask } from './store-task.ts';
