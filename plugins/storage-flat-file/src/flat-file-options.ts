/** What opening a flat-file store takes and gives. The plugin fills it from config and deployment; tests add clocks, recorded files and places to stop at. */
import type { CalendarStore, Clock, ItemReader, JobLog, RecordStore, StoreMaintenance } from '@kalends/contracts';
import type { Gate, PausePoint, StoreCounters } from '@kalends/lib-shards';
import type { FileOperations } from './file-operations.ts';

export interface FlatFileOptions {
  /** The data root: `calendars/`, `principals/` and `index/` are made in it. */ readonly path: string;
  readonly itemReader: ItemReader;
  readonly clock?: Clock;
  /** 1 to 256; counts at creation only, later the number that is there holds. */ readonly shards?: number;
  readonly checkpointSeconds?: number;
  /** `pending` rows of one shard that bring a checkpoint forward. */ readonly checkpointRows?: number;
  readonly tombstones?: { readonly days: number; readonly perHome: number };
  readonly log?: { warn(message: string, fields?: object): void; error(message: string, fields?: object): void };

  /** `inline`: the writer runs on the calling thread, so that `files` may be a test's. Never in a server: commits would block the loop. */
  readonly writer?: 'thread' | 'inline';
  /** With `writer: 'inline'` only. */ readonly files?: FileOperations;
  /** Counts statements, rows and file opens of this instance's reading side, and commits of its writer. */ readonly count?: StoreCounters;
  /** `<point>:<milliseconds>:<probability>`, comma-separated; default `KALENDS_TEST_PAUSE`. The writer sleeps there, lock held or not. */
  readonly pausePoints?: string;
  /** The writer stops at these points until a test lets it go on (thread only). */ readonly gates?: readonly Gate[];
  /** With `writer: 'inline'` only: told when the writer passes a point; may throw to act as a failure there. */
  readonly onPoint?: (point: PausePoint) => void;
  /** Instead of the operating system's: another value means that the machine restarted since. */ readonly bootId?: string;
}

export interface FlatFileStore {
  readonly store: CalendarStore;
  readonly jobLog: JobLog;
  readonly recordStore: RecordStore;
  readonly maintenance: FlatFileMaintenance;
  /** Carries out and flushes what is pending, as the timer would. */ checkpoint(): Promise<void>;
  /** A last checkpoint, then everything is released. Waits for the changes under way. */ close(): Promise<void>;
}

export interface FlatFileMaintenance extends StoreMaintenance {
  /** Takes in what was put into, changed in or taken out of the home's folder by hand; a new epoch where anything was. */
  rescan(home: Parameters<StoreMaintenance['newEpoch']>[0]): Promise<void>;
}
