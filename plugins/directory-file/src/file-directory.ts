/**
 * The file as a DirectorySource. Looks at the file's date and size at most four times a second and reads it again when they changed, in whatever process;
 * a new text that is broken keeps the old data, says so once in the log, and shows in health until it is mended.
 */
import type { BigIntStats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { Batches, Clock, DirectoryQuery, DirectorySource, Principal, PrincipalId } from '@kalends/contracts';
import type { HealthReport, Logger } from '@kalends/kernel';
import { DirectoryFileError } from './problems.ts';
import { readDirectory } from './read-directory.ts';
import type { ReadOptions } from './read-directory.ts';
import { Snapshot } from './snapshot.ts';

/** A password changed in the file counts after this long. */
const LOOK_MILLISECONDS = 250;

export class FileDirectory implements DirectorySource {
  readonly name = 'file';
  readonly #options: ReadOptions;
  readonly #clock: Clock;
  readonly #log: Logger;
  #snapshot: Snapshot;
  /** What the file looked like when it was read last, well or not. */ #seen: string;
  #trouble: string | undefined;
  #lookedAt: number;
  #looking: Promise<void> | undefined;

  private constructor(options: ReadOptions, clock: Clock, log: Logger, seen: string, snapshot: Snapshot) {
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    this.#snapshot = snapshot;
    this.#seen = seen;
    this.#lookedAt = clock.monotonic();
  }

  /** @throws DirectoryFileError, or the error of the file system */
  static async open(options: ReadOptions, clock: Clock, log: Logger): Promise<FileDirectory> {
    const seen = signature(await stat(options.file, { bigint: true }));
    const text = await readFile(options.file, 'utf8');
    return new FileDirectory(options, clock, log, seen, new Snapshot(text, readDirectory(text, options)));
  }

  /** The newest reading that was whole. */
  async current(): Promise<Snapshot> {
    if (this.#clock.monotonic() - this.#lookedAt >= LOOK_MILLISECONDS) {
      this.#looking ??= this.#look().finally(() => {
        this.#lookedAt = this.#clock.monotonic();
        this.#looking = undefined;
      });
    }
    await this.#looking;
    return this.#snapshot;
  }

  /** The same without waiting; undefined: it is time to look whether the file changed. */
  get recent(): Snapshot | undefined {
    return this.#clock.monotonic() - this.#lookedAt < LOOK_MILLISECONDS ? this.#snapshot : undefined;
  }

  health(): HealthReport {
    return this.#trouble === undefined ? { ok: true } : { ok: false, detail: this.#trouble };
  }

  async findById(id: PrincipalId): Promise<Principal | undefined> {
    return (await this.current()).findById(id);
  }
  async known(ids: readonly PrincipalId[]): Promise<ReadonlySet<PrincipalId>> {
    return (await this.current()).known(ids);
  }
  async findByAccount(account: string): Promise<Principal | undefined> {
    return (await this.current()).findByAccount(account);
  }
  async findByName(kind: Principal['kind'], name: string): Promise<Principal | undefined> {
    return (await this.current()).findByName(kind, name);
  }
  async findByAddress(calendarUserAddress: string): Promise<Principal | undefined> {
    return (await this.current()).findByAddress(calendarUserAddress);
  }
  async groupsOf(id: PrincipalId): Promise<ReadonlySet<PrincipalId>> {
    return (await this.current()).groupsOf(id);
  }
  async *membersOf(id: PrincipalId): Batches<PrincipalId> {
    yield* (await this.current()).membersOf(id);
  }
  async *search(query: DirectoryQuery): Batches<Principal> {
    yield* (await this.current()).search(query);
  }
  async list(kind: Principal['kind'], after: string | undefined, limit: number): Promise<readonly Principal[]> {
    return (await this.current()).list(kind, after, limit);
  }
  async stamp(): Promise<string> {
    return (await this.current()).stamp;
  }

  async #look(): Promise<void> {
    const { file } = this.#options;
    try {
      // The date first: a change between the two reads is then found the next time.
      const seen = signature(await stat(file, { bigint: true }));
      if (seen === this.#seen) return;
      const text = await readFile(file, 'utf8');
      this.#seen = seen;
      this.#snapshot = new Snapshot(text, readDirectory(text, this.#options));
      this.#trouble = undefined;
      this.#log.info('directory file read again', { file, records: this.#snapshot.size });
    } catch (error) {
      const trouble = error instanceof Error ? error.message : String(error);
      if (trouble !== this.#trouble) this.#log.error('the directory file cannot be read; the records read before stay in force', { file, problem: trouble });
      this.#trouble = trouble;
      // Not the text's fault: look again, even if the file comes back as it was.
      if (!(error instanceof DirectoryFileError)) this.#seen = '';
    }
  }
}

function signature({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino}/${size}/${mtimeNs}/${ctimeNs}`;
}
