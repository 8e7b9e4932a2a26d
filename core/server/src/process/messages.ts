/** What a master and its workers say about themselves, on the pipe that the process channel uses too: told apart by their key. */
import type { SerializedDocument } from '@kalends/kernel';
import type { RunningServer } from '../start-server.ts';

export interface WorkerBoot {
  readonly document: SerializedDocument;
  readonly dataRoot: string;
  readonly worker: number;
}

export type FromMaster = { readonly caldavd: 'boot'; readonly boot: WorkerBoot } | { readonly caldavd: 'stop' };

export type FromWorker =
  | { readonly caldavd: 'ready'; readonly url: string; readonly demo: RunningServer['demo'] | null; readonly isReady: boolean }
  | { readonly caldavd: 'failed'; readonly message: string }
  /** Finished lines for the master's files. */
  | { readonly caldavd: 'lines'; readonly errors: string; readonly access: string; readonly audit: string };

/** The process channel's messages pass by here too. */
export function isFromMaster(message: unknown): message is FromMaster {
  return isOurs(message);
}

export function isFromWorker(message: unknown): message is FromWorker {
  return isOurs(message);
}

function isOurs(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'caldavd' in message;
}
