/** SQLite shards, one writer thread, group commit: what the flat-file store and the embedded SQL store have in common. */
export { newCounters, sleep } from './probe.ts';
export type { Gate, PausePoint, Probe, ProbeOptions, StoreCounters } from './probe.ts';
export { Database, integer, isBusy, maybeText, octets, text } from './database.ts';
export type { Row, Value } from './database.ts';
export {
  collectionId, collectionKey, homeIdOf, newEpoch, newCollectionId, newStagedId, ownerOf, pathBelow, pathSegments, pathText, shardOfHome, shardOfId, shardPrefixMatches, uniqueName,
} from './identifiers.ts';
export type { CollectionRow, HomeRow } from './collection-rows.ts';
export { etagOf } from './change/collected-change.ts';
export type { BodySource, Change, ChangeOperation, ChangeResult } from './change/change.ts';
export { attachmentsOf, extraBits, factColumns, factValues, isLong, toFacts } from './item-columns.ts';
export type { BodyInFile } from './item-columns.ts';
export { ShardReader } from './shard-reader.ts';
export { ReadSide, withStoreErrors } from './read-side.ts';
export { ShardStore } from './shard-store.ts';
export type { BodyFiles, BodyPlace, HomeKeeper, ShardStoreOptions } from './shard-store.ts';
export { ShardJobLog } from './shard-job-log.ts';
export { HomeUpkeep } from './change/home-upkeep.ts';
export { ShardUpkeep } from './shard-upkeep.ts';
export { ShardRecordStore } from './shard-record-store.ts';
export * as readSql from './read-statements.ts';
export { shardSchema } from './schema.ts';
export { lockCopies } from './state-schema.ts';
export { systemClock } from './system-clock.ts';
export { StagedGone, TempGone } from './writer-files.ts';
export type { Effects, FileEffect, Prepared, ShardSession, WriterFiles } from './writer-files.ts';
export { usualCalendarType } from './writer/apply-items.ts';
export { WriterCore } from './writer/writer-core.ts';
export type { CreateFiles, WriterOptions, WriterPort } from './writer/writer-core.ts';
export { ThreadPort } from './writer/thread-port.ts';
export type { StateWriter } from './writer/state-writer.ts';
