/**
 * Takes a renewed certificate into use without a restart: looks at the files now and then (renewal tools swap links, which file events miss), and gives listeners
 * what it read once key and certificate belong together. Until then, and where the new ones are wrong, the old ones stay.
 */
import { stat } from 'node:fs/promises';
import type { Logger } from '@kalends/kernel';
import { describeCertificate, isPem, readTls, type TlsFiles, type TlsOptions } from './tls.ts';

export interface CertificateKeeperOptions {
  readonly files: TlsFiles; readonly tls: TlsOptions;
  readonly use: (tls: TlsOptions) => void;
  readonly log: Logger; readonly everyMilliseconds: number;
}

export class CertificateKeeper {
  readonly #options: CertificateKeeperOptions;
  readonly #paths: readonly string[];
  #seen = '';
  #complained = '';
  #timer: NodeJS.Timeout | undefined;
  #tls: TlsOptions;

  constructor(options: CertificateKeeperOptions) {
    this.#options = options;
    this.#tls = options.tls;
    this.#paths = [options.files.certificate, options.files.key].filter((given) => !isPem(given));
  }

  /** What is in use. */
  get tls(): TlsOptions {
    return this.#tls;
  }

  async start(): Promise<void> {
    if (this.#paths.length === 0) return; // Given as text: it changes with the config.
    this.#seen = await this.#stamp();
    this.#timer = setInterval(() => { void this.look(); }, this.#options.everyMilliseconds).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Never rejects. */
  async look(): Promise<void> {
    const { files, use, log } = this.#options;
    const stamp = await this.#stamp();
    if (stamp === this.#seen) return;
    try {
      const renewed = await readTls(files);
      use(renewed);
      this.#tls = renewed;
      this.#seen = stamp;
      log.info('a renewed certificate is in use', describeCertificate(renewed));
    } catch (error) {
      // Half written, perhaps: said once, and tried again as long as the files differ from what is in use.
      if (this.#complained === stamp) return;
      this.#complained = stamp;
      log.error('the certificate files have changed and cannot be used; the old certificate stays', { problem: error instanceof Error ? error.message : String(error) });
    }
  }

  async #stamp(): Promise<string> {
    const stats = await Promise.all(this.#paths.map((path) => stat(path).catch(() => undefined)));
    return stats.map((found) => (found === undefined ? 'missing' : `${String(found.ino)} ${String(found.size)} ${String(found.mtimeMs)}`)).join(', ');
  }
}
