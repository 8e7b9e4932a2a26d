/**
 * Plain lines into a rotated file or a stream: the machinery of the access log. Returns at once; lines of a moment
 * are written together. What a line says is its writer's
 * business, but a line break inside one never makes two.
 */
import type { Writable } from 'node:stream';
import { RotatingFile } from './rotating-file.ts';
import type { Rotation } from './rotating-file.ts';

export interface LineSink {
  write(line: string): void;
  /** Waits until what was written has reached the file. */
  close(): Promise<void>;
}

/** How long a line may wait for others: rotation looks at the date with each write, which costs more than the line. */
const WAIT_MILLISECONDS = 50;
const WAIT_CHARACTERS = 32 * 1024;

/** @throws when the folder cannot be made */
export function lineFile(file: string, rotation?: Rotation): LineSink {
  const stream = new RotatingFile(file, rotation);
  let waiting = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting !== '') stream.write(waiting);
    waiting = '';
  };
  return {
    write(line) {
      waiting += `${oneLine(line)}\n`;
      if (waiting.length >= WAIT_CHARACTERS) flush();
      else timer ??= setTimeout(flush, WAIT_MILLISECONDS).unref();
    },
    close() {
      flush();
      return new Promise((resolve) => { stream.end(resolve); });
    },
  };
}

/** Lines to a stream that is not ours to close. */
export function lineStream(stream: Writable): LineSink {
  return { write: (line) => { stream.write(`${oneLine(line)}\n`); }, close: () => Promise.resolve() };
}

function oneLine(line: string): string {
  return /[\r\n]/.test(line) ? line.replaceAll(/[\r\n]+/g, ' ') : line;
}
