/**
 * The error log: winston behind the house's `Logger`. Levels, child fields, one line an entry as text or JSON, rotation, and secrets taken out of
 * messages, fields and stacks. A suppressed `debug` costs a boolean, since winston itself would spend microseconds on it.
 */
import type { Writable } from 'node:stream';
import { createLogger as createWinston, format, transports } from 'winston';
import type { Logger as Winston } from 'winston';
import type { Logger } from '../plugin/define-plugin.ts';
import { HIDDEN, namesSecret, Redactor } from '../config/secret.ts';
import { RotatingFile } from './rotating-file.ts';
import type { Rotation } from './rotating-file.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'text' | 'json';
  /** Absolute path; the newest file has this name (a link), older ones have their date after it. Without it lines go to `stream`. */
  readonly file?: string | undefined;
  readonly rotation?: Rotation | undefined;
  /** Default: standard error. */
  readonly stream?: Writable | undefined;
  readonly redactor?: Redactor | undefined;
}

export interface LogSink {
  readonly log: Logger;
  /** Lines that another process formatted. */
  raw(lines: string): void;
  /** Waits until what was logged is written. Nothing may be logged afterwards. */
  close(): Promise<void>;
}

export function createLog(options: LogOptions): LogSink {
  const redactor = options.redactor ?? new Redactor();
  // What reads the log for attacks finds it in the journal then.
  const file = options.file === undefined ? undefined : new RotatingFile(options.file, options.rotation, (text) => { process.stderr.write(text); });
  const stream = file ?? options.stream ?? process.stderr;
  const transport = new transports.Stream({ stream, eol: '\n' });
  const winston = createWinston({
    level: options.level,
    format: format.combine(format.timestamp(), format.printf((info) => harmless(redactor.clean(options.format === 'json' ? asJson(info) : asText(info))))),
    transports: [transport],
  });
  winston.on('error', () => undefined); // An entry that cannot be written is lost; the request is not.
  return {
    log: new WinstonLogger(winston, {}, options.level === 'debug'), raw: (lines) => { stream.write(lines.endsWith('\n') ? lines : `${lines}\n`); }, close: () => closed(winston, file),
  };
}

class WinstonLogger implements Logger {
  readonly #winston: Winston;
  readonly #fields: object;
  readonly #debugs: boolean;

  constructor(winston: Winston, fields: object, debugs: boolean) {
    this.#winston = winston;
    this.#fields = fields;
    this.#debugs = debugs;
  }

  // Bound, so that a method may be handed around on its own.
  readonly debug = (message: string, fields?: object): void => { if (this.#debugs) this.#write('debug', message, fields); };
  readonly info = (message: string, fields?: object): void => this.#write('info', message, fields);
  readonly warn = (message: string, fields?: object): void => this.#write('warn', message, fields);
  readonly error = (message: string, fields?: object): void => this.#write('error', message, fields);

  child(fields: object): Logger {
    return new WinstonLogger(this.#winston, { ...this.#fields, ...fields }, this.#debugs);
  }

  #write(level: LogLevel, message: string, fields: object | undefined): void {
    this.#winston.log({ level, message, fields: clean({ ...this.#fields, ...fields }, 0) });
  }
}

interface Entry { readonly level: string; readonly message: unknown; readonly timestamp?: unknown; readonly fields?: unknown }

function asJson({ level, message, timestamp, fields }: Entry): string {
  return JSON.stringify({ time: timestamp, level, message, ...(fields as object) });
}

/** `2026-01-02T03:04:05.678Z info  main-store: opened 3 shards shards=3`; a stack follows on its own lines. */
function asText({ level, message, timestamp, fields }: Entry): string {
  const { plugin, ...rest } = (fields ?? {}) as Record<string, unknown>;
  let line = `${String(timestamp)} ${level.padEnd(5)} ${typeof plugin === 'string' ? `${plugin}: ` : ''}${String(message)}`;
  let stack = '';
  for (const [key, value] of Object.entries(rest)) {
    if (isErrorFields(value)) {
      line += ` ${key}=${JSON.stringify(value.message)}`;
      stack += value.stack === undefined ? '' : `\n${value.stack}`;
    } else {
      line += ` ${key}=${typeof value === 'string' && /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value)}`;
    }
  }
  // One entry, one line: what a client sent must not look like an entry of its own.
  return line.replaceAll(/[\r\n]+/g, ' ⏎ ') + stack;
}

/** What a client sent must not speak to the terminal of whoever reads, nor break a line where others see a break (C1, U+2028). */
function harmless(text: string): string {
  return CONTROL.test(text) ? text.replaceAll(CONTROLS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`) : text;
}
const CONTROL = /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]/;
const CONTROLS = new RegExp(CONTROL.source, 'g');

interface ErrorFields { readonly name: string; readonly message: string; readonly stack?: string }

function isErrorFields(value: unknown): value is ErrorFields {
  return typeof value === 'object' && value !== null && 'stack' in value && 'message' in value;
}

/** Plain values only, secrets hidden by name, depth and length bounded. */
function clean(value: unknown, depth: number): unknown {
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    return { name, message, stack, ...('code' in value ? { code: value.code } : {}), ...(cause === undefined || depth > 3 ? {} : { cause: clean(cause, depth + 1) }) };
  }
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (typeof value === 'string') return value.length > 8_192 ? `${value.slice(0, 8_192)}… (${value.length} characters)` : value;
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (value instanceof URL) return value.href;
  if (depth > 4) return '…';
  if (ArrayBuffer.isView(value)) return `(${value.byteLength} octets)`;
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => clean(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, next]) => [key, namesSecret(key) && next !== undefined ? HIDDEN : clean(next, depth + 1)]));
}

async function closed(winston: Winston, file: RotatingFile | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    winston.once('finish', () => { resolve(); });
    winston.end();
  });
  if (file !== undefined) await new Promise<void>((resolve) => { file.end(resolve); });
}
