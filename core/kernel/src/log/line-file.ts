/**
 * Plain lines into a rotated file or a stream: the machinery of the access log. Returns at once, the stream underneath buffers. What a line says is its writer's
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

export function lineFile(file: string, rotation?: Rotation): LineSink {
  const stream = new RotatingFile(file, rotation);
  return { ...lineStream(stream), close: () => new Promise((resolve) => { stream.end(resolve); }) };
}

/** Lines to a stream that is not ours to close. */
export function lineStream(stream: Writable): LineSink {
  return { write: (line) => { stream.write(`${oneLine(line)}\n`); }, close: () => Promise.resolve() };
}

function oneLine(line: string): string {
  return /[\r\n]/.test(line) ? line.replaceAll(/[\r\n]+/g, ' ') : line;
}
