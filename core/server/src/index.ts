/** What programs and tools use of the server: starting one in process, and reading and checking a config. */
export { startServer, prepareServer, readConfig, dataRootOf } from './start-server.ts';
export type { ConfigSource, PreparedServer, RunningServer, StartOptions } from './start-server.ts';
export { addressesOf } from './compose.ts';
export type { Composition, InMemory } from './compose.ts';
export { configSchema } from './config-schema.ts';
export type { Config } from './config-schema.ts';
export { coreNames } from './builtins.ts';
export { usualConfig } from './config-files.ts';
export { auditLogOver, openAuditLines } from './open-audit-log.ts';
