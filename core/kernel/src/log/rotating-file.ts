/**
 * A file of lines that begins anew each day and at a size, and removes what is older than it should keep: winston-daily-rotate-file as a plain stream that can
 * be ended and waited for. The newest file has the plain name (a link), each has its date after it. A full disk loses lines, never the server.
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

const DEFAULT: Rotation = { maxOctets: 20 * 1024 * 1024, keepDays: 14 };
/** Symbol under which winston's transports look for the finished line. */
const MESSAGE = Symbol.for('message');

/** Loaded by processes that own files; workers do not. */
const loadLibrary = (): typeof DailyRotateFile => createRequire(import.meta.url)('winston-daily-rotate-file') as typeof DailyRotateFile;

export class RotatingFile extends Writable {
  readonly #file: DailyRotateFile;

  /** @throws when the folder cannot be made */
  constructor(file: string, rotation: Rotation = DEFAULT) {
    super({ decodeStrings: false, highWaterMark: 1024 * 1024 });
    const folder = dirname(file);
    const Library = loadLibrary();
    this.#file = new Library({
      dirname: folder, filename: `${basename(file)}.%DATE%`, datePattern: 'YYYY-MM-DD', maxSize: rotation.maxOctets, maxFiles: `${rotation.keepDays}d`,
      createSymlink: true, symlinkName: basename(file), auditFile: `${folder}/.${basename(file)}.audit.json`,
    });
    this.#file.on('error', () => undefined);
    // The library lets errors of the file itself end the process otherwise.
    (this.#file as unknown as { readonly logStream: EventEmitter }).logStream.on('error', () => undefined);
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#file.log?.({ [MESSAGE]: String(chunk).replace(/\n$/, '') }, done);
  }

  override _final(done: () => void): void {
    this.#file.once('finish', done);
    this.#file.close?.();
  }
}
