/** The role `single`: everything in this process. A reload checks the new config first, then stops the old server and starts the new one; it is not without a gap. */
import { KernelError, reasonOf } from '@kalends/kernel';
import type { LoadedConfig } from '@kalends/kernel';
import type { Config } from '../config-schema.ts';
import type { PreparedServer } from '../start-server.ts';
import { logProblems, prepareHere } from './service.ts';
import type { Service, ServiceContext } from './service.ts';

export class SingleService implements Service {
  readonly #context: ServiceContext;
  #loaded: LoadedConfig<Config>;
  #server: PreparedServer | undefined;
  #busy: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(context: ServiceContext) {
    this.#context = context;
    this.#loaded = context.loaded;
  }

  start(): Promise<void> {
    const starting = this.#start();
    this.#busy = starting.catch(() => undefined);
    return starting;
  }

  async #start(): Promise<void> {
    this.#server = await prepareHere(this.#loaded, this.#context, 'single');
    logProblems(this.#server.problems, this.#context.logs, 'config warnings');
    const running = await this.#server.start();
    if (!this.#isStopped()) this.#context.running({ ...running, isReady: running.inspector.ready() });
  }

  reload(): Promise<void> {
    this.#busy = this.#busy.then(() => this.#reload());
    return this.#busy;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#server?.stop();
    await this.#busy.catch(() => undefined);
    await this.#server?.stop();
  }

  async #reload(): Promise<void> {
    if (this.#stopped || this.#server === undefined) return;
    const { log } = this.#context.logs;
    const loaded = this.#context.read();
    let next;
    try {
      next = await prepareHere(loaded, this.#context, 'single');
    } catch (error) {
      if (error instanceof KernelError && error.problems.length > 0) logProblems(error.problems, this.#context.logs, 'the new config has problems, the old one stays');
      else log.error('the new config cannot be used, the old one stays', { error });
      return;
    }
    await this.#server.stop();
    if (this.#isStopped()) return;
    this.#server = next;
    try {
      await next.start();
      this.#loaded = loaded;
      log.info('reloaded: the new config is in use');
    } catch (error) {
      if (this.#isStopped()) return;
      log.error('the new config could not be started; going back to the old one', { error });
      await this.#goBack();
    }
  }

  /** @throws Error when the old config does not start any more either */
  async #goBack(): Promise<void> {
    try {
      this.#server = await prepareHere(this.#loaded, this.#context, 'single');
      await this.#server.start();
    } catch (cause) {
      throw new Error(`neither the new config nor the old one starts any more: ${reasonOf(cause)}`, { cause });
    }
  }

  /** A method, since it changes between two looks at it. */
  #isStopped(): boolean {
    return this.#stopped;
  }
}
