/** SQLite shards, one writer thread, group commit: what the flat-file store and the embedded SQL store have in common. */
export { createProbe, newCounters, sleep } from './probe.ts';
export type { Gate, PausePoint, Probe, ProbeOptions, StoreCounters } from './probe.ts';
