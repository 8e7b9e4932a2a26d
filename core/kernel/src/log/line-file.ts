/**
 * Plain lines into a rotated file: the machinery of the access log. Returns at once; the stream underneath buffers. What a line says is its writer's business,
 * but a line break inside one never makes two.
 */
import type { Writable } from 'node:stream';
import { rotatingFile } from './logger.ts';
import type { Rotation } from './logger.ts';

export interface LineSink {
  write(line: string): void;
  close(): Promise<void>;
}

/** Symbol under which winston's transports look for the finished line. */
const MESSAGE = Symbol.for('message');

export function lineFile(file: string, rotation?: Rotation): LineSink {
  const transport = rotatingFile(file, rotation);
  transport.on('error', () => undefined); // A full disk loses the line, not the request.
  return {
    write: (line) => { transport.write({ level: 'info', [MESSAGE]: oneLine(line) }); },
    close: () => new Promise((resolve) => { transport.once('finish', () => { resolve(); }); transport.end(); }),
  };
}

/** Lines to a stream that is not ours to close. */
export function lineStream(stream: Writable): LineSink {
  return { write: (line) => { stream.write(`${oneLine(line)}\n`); }, close: () => Promise.resolve() };
}

function oneLine(line: string): string {
  return /[\r\n]/.test(line) ? line.replaceAll(/[\r\n]+/g, ' ') : line;
}
