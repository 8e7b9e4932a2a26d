/**
 * A file of lines that begins anew each day and at a size, and removes what is older than it should keep: winston-daily-rotate-file as a plain stream that can
 * be ended and waited for. The newest file has the plain name (a link), each has its date after it. A full disk loses lines, never the server, and new lines are
 * written again soon after there is room.
 */
import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { basename, dirname } from 'node:path';
import { Writable } from 'node:stream';
import type DailyRotateFile from 'winston-daily-rotate-file';

export interface Rotation {
  /** A new file is begun each day and when one has grown to this. */
  readonly maxOctets: number;
  readonly keepDays: number;
}

/** Who asked for what, from where: for the administrators of the machine. */
const MODE = 0o640;
/** The library's stream is over once a write failed; after so long a new one is tried. */
const RENEW_MILLISECONDS = 1_000;
const DEFAULT: Rotation = { maxOctets: 20 * 1024 * 1024, keepDays: 14 };
/** Symbol under which winston's transports look for the finished line. */
const MESSAGE = Symbol.for('message');

/** Loaded by processes that own files; workers do not. */
const loadLibrary = (): typeof DailyRotateFile => createRequire(import.meta.url)('winston-daily-rotate-file') as typeof DailyRotateFile;

export class RotatingFile extends Writable {
  readonly #open: () => DailyRotateFile;
  readonly #lost: (text: string) => void;
  #file: DailyRotateFile;
  /** When a write failed, of `performance.now`. */ #failedAt: number | undefined;

  /**
   * @param lost is given what comes while the file cannot be written; not what was on its way when that began
   * @throws when the folder cannot be made
   */
  constructor(file: string, rotation: Rotation = DEFAULT, lost: (text: string) => void = () => undefined) {
    super({ decodeStrings: false, highWaterMark: 1024 * 1024 });
    const folder = dirname(file);
    const Library = loadLibrary();
    const failed = (): void => { this.#failedAt ??= performance.now(); };
    this.#lost = lost;
    this.#open = () => {
      const opened = new Library({
        dirname: folder, filename: `${basename(file)}.%DATE%`, datePattern: 'YYYY-MM-DD', maxSize: rotation.maxOctets, maxFiles: `${rotation.keepDays}d`,
        createSymlink: true, symlinkName: basename(file), auditFile: `${folder}/.${basename(file)}.audit.json`, options: { flags: 'a', mode: MODE },
      });
      opened.on('error', failed);
      // The library lets errors of the file itself end the process otherwise.
      (opened as unknown as { readonly logStream: EventEmitter }).logStream.on('error', failed);
      return opened;
    };
    this.#file = this.#open();
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#failedAt !== undefined && !this.#renewed(this.#failedAt)) {
      this.#lost(String(chunk));
      done();
    } else this.#file.log?.({ [MESSAGE]: String(chunk).replace(/\n$/, '') }, done);
  }

  #renewed(failedAt: number): boolean {
    if (performance.now() - failedAt < RENEW_MILLISECONDS) return false;
    this.#failedAt = undefined;
    try {
      this.#file.close?.();
      this.#file = this.#open();
      return true;
    } catch {
      this.#failedAt = performance.now();
      return false;
    }
  }

  override _final(done: () => void): void {
    this.#file.once('finish', done);
    this.#file.close?.();
  }
}
