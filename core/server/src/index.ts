/** What programs and tools use of the server: starting one in process, and reading and checking a config. */
export { startServer, prepareServer, readConfig, dataRootOf } from './start-server.ts';
export type { ConfigSource, PreparedServer, RunningServer, StartOptions } from './start-server.ts';
export { builtins, choiceNames, coreNames } from './builtins.ts';
export { classicKeys } from './classic-keys.ts';
export { compose } from './compose.ts';
export type { Composition, InMemory } from './compose.ts';
export { configSchema } from './config-schema.ts';
export type { Config } from './config-schema.ts';
export { shippedConfig, usualConfig } from './config-files.ts';
export { configJsonSchema } from './json-schema.ts';
export { StoredSecrets } from './secrets.ts';
