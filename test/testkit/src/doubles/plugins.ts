/** The doubles as plugins, for boots: give them to a boot as they are. Each call makes new ones; what a test must reach later it makes itself and hands in. */
import { authenticator, cache, calendarStore, clock, credentialSource, directorySource, itemReader, jobLog, processChannel, recordStore, replayGuard, schedulingTransport, storeMaintenance, attachmentStore } from '@kalends/contracts';
import type { Clock, SchedulingTransport } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import { z } from 'zod';
import { memoryStore } from '../memory/memory-store.ts';
import type { MemoryStoreOptions, StoreProvider } from '../memory/memory-store.ts';
import type { MemoryDirectory } from './memory-directory.ts';
import { localChannel, memoryAttachments, memoryCache, memoryReplayGuard } from './small-services.ts';
import { trustingAuthenticator } from './trusting-authenticator.ts';

const nothing = z.strictObject({});
const double = { api: 1, config: nothing } as const;

/** @param given a store that the test looks into as well; else one is made with the boot's clock and reader */
export function memoryStorePlugin(given?: StoreProvider, options: MemoryStoreOptions = {}) {
  return definePlugin({
    ...double, name: '@kalends/testkit/memory-store', summary: 'The reference store, in memory.',
    provides: { store: calendarStore, jobLog, recordStore, maintenance: storeMaintenance }, requires: { clock, reader: itemReader },
    setup: ({ deps }) => given ?? memoryStore({ clock: deps.clock, reader: deps.reader, ...options }),
  });
}
export function memoryDirectoryPlugin(directory: MemoryDirectory) {
  return definePlugin({
    ...double, name: '@kalends/testkit/memory-directory', summary: 'Principals from a list, in memory.',
    provides: { directory: directorySource, credentials: credentialSource }, requires: {},
    setup: () => ({ directory, credentials: directory }),
  });
}
export function trustingAuthenticatorPlugin() {
  return definePlugin({
    ...double, name: '@kalends/testkit/trusting-authenticator', summary: 'Basic that believes every user name.', provides: { basic: authenticator }, requires: {},
    setup: () => ({ basic: trustingAuthenticator() }),
  });
}
/** Cache, channel, replay guard and attachments of one process. */
export function memoryServicesPlugin() {
  return definePlugin({
    ...double, name: '@kalends/testkit/memory-services', summary: 'Cache, channel, replay guard and attachments in memory.',
    provides: { cache, channel: processChannel, replay: replayGuard, attachments: attachmentStore }, requires: { clock },
    setup: ({ deps }) => ({ cache: memoryCache(deps.clock), channel: localChannel(), replay: memoryReplayGuard(deps.clock), attachments: memoryAttachments(deps.clock) }),
  });
}
export function transportPlugin(transport: SchedulingTransport) {
  return definePlugin({
    ...double, name: '@kalends/testkit/transport', summary: 'A scheduling transport that a test looks into.', provides: { transport: schedulingTransport }, requires: {},
    setup: () => ({ transport }),
  });
}
export function clockPlugin(given: Clock) {
  return definePlugin({
    ...double, name: '@kalends/testkit/clock', summary: 'The clock of a test.', provides: { clock }, requires: {}, setup: () => ({ clock: given }),
  });
}
