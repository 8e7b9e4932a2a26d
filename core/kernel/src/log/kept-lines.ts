/**
 * Lines that must not get lost unnoticed: the machinery of the audit log. Named and rotated as the other logs (rotating-file.ts: a file a day and a size, the newest
 * with the plain name), but it tells when lines could not be written, goes on once they can, and lets several processes append to one file. Writes at once what is
 * waiting, in order. Not for a line a request: each moment's lines cost the opening of a file.
 */
import { appendFile, lstat, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { LineSink } from './line-file.ts';
import type { Rotation } from './rotating-file.ts';

export interface KeptLinesOptions {
  /** Absolute path; the newest file has this name (a link), each its date after it. */ readonly file: string;
  readonly rotation: Rotation;
  /** The lines that are not in the file. `isFirst`: it worked before. */ lost(lines: readonly string[], error: unknown, isFirst: boolean): void;
  /** It works again. */ found?(): void;
  /** Milliseconds since the epoch; a file a local day. */ readonly now?: () => number;
}

/** Its readers are the administrators of the machine. */
const MODE = 0o640;

export class KeptLines implements LineSink {
  readonly #options: KeptLinesOptions;
  readonly #now: () => number;
  #waiting: string[] = [];
  #writing: Promise<void> | undefined;
  #failed = false;
  /** The file that the plain name was last seen to stand for. */ #linked = '';

  constructor(options: KeptLinesOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Makes the file if there is none, so that one that cannot be written is known before the first line. Never rejects. */
  open(): Promise<void> {
    return this.#begin();
  }

  write(line: string): void {
    this.#waiting.push(/[\r\n]/.test(line) ? line.replaceAll(/[\r\n]+/g, ' ') : line);
    void this.#begin();
  }

  async close(): Promise<void> {
    await this.#writing;
  }

  /** One at a time; lines that come meanwhile are written next. */
  #begin(): Promise<void> {
    return this.#writing ??= (async () => {
      // The lines of a moment together.
      await new Promise((resolve) => { setImmediate(resolve); });
      do await this.#flush(); while (this.#waiting.length > 0);
      this.#writing = undefined;
    })();
  }

  async #flush(): Promise<void> {
    const lines = this.#waiting;
    this.#waiting = [];
    const { lost, found } = this.#options;
    try {
      const file = await this.#present();
      // What failed half-way left half a line.
      await appendFile(file, `${this.#failed && await endsWithin(file) ? '\n' : ''}${lines.map((line) => `${line}\n`).join('')}`, { mode: MODE });
      if (file !== this.#linked) await this.#turnTo(file);
    } catch (error) {
      const isFirst = !this.#failed;
      this.#failed = true;
      lost(lines, error, isFirst);
      return;
    }
    if (this.#failed) found?.();
    this.#failed = false;
  }

  /** The day's file, or its first continuation that has room. */
  async #present(): Promise<string> {
    const { file, rotation } = this.#options;
    await mkdir(dirname(file), { recursive: true });
    const at = new Date(this.#now());
    const two = (value: number): string => String(value).padStart(2, '0');
    const day = `${file}.${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    let found = this.#linked.startsWith(day) ? this.#linked : day;
    let octets = await octetsOf(found);
    for (let count = found === day ? 0 : Number(found.slice(day.length + 1)); octets >= rotation.maxOctets; octets = await octetsOf(found)) found = `${day}.${++count}`;
    // Somebody took the file away, and perhaps the link with it.
    if (octets === 0) this.#linked = '';
    return found;
  }

  /** The plain name follows; files that are too old go. Neither is worth losing lines for. */
  async #turnTo(file: string): Promise<void> {
    this.#linked = file;
    const { file: plain, rotation } = this.#options;
    try {
      // Something else of that name is somebody's own.
      const there = await lstat(plain).catch(() => undefined);
      if (there === undefined || there.isSymbolicLink()) {
        const made = `${plain}.${process.pid}.link`;
        await symlink(basename(file), made);
        await rename(made, plain);
      }
      const oldest = this.#now() - rotation.keepDays * DAY_MILLISECONDS;
      for (const name of await readdir(dirname(plain))) {
        const dated = name.startsWith(`${basename(plain)}.`) && DATED.exec(name.slice(basename(plain).length));
        if (dated && Date.parse(dated[1]!) < oldest - DAY_MILLISECONDS) await rm(join(dirname(plain), name), { force: true });
      }
    } catch { /* With the next file. */ }
  }
}

const DAY_MILLISECONDS = 86_400_000;
const DATED = /^\.(\d{4}-\d\d-\d\d)(?:\.\d+)?$/;

async function octetsOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

/** Whether its last line is not ended. Asked after a failure only. */
async function endsWithin(file: string): Promise<boolean> {
  return await octetsOf(file) > 0 && (await readFile(file)).at(-1) !== 0x0a;
}
