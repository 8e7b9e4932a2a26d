/**
 * The master of the role `combined`: listens, hands connections to its workers (node:cluster), replaces a worker that dies, owns the log files. A reload checks the
 * new config, then replaces the workers one at a time: each new one answers before an old one drains, so no request is refused. A worker that cannot start ends the
 * roll, and those that are left keep the old config.
 */
import cluster from 'node:cluster';
import type { Worker } from 'node:cluster';
import { KernelError, reasonOf } from '@kalends/kernel';
import type { LoadedConfig } from '@kalends/kernel';
import type { Config } from '../config-schema.ts';
import { prepareServer } from '../start-server.ts';
import type { RunningServer } from '../start-server.ts';
import { isFromWorker } from './messages.ts';
import type { FromMaster, FromWorker } from './messages.ts';
import { logProblems, prepareHere } from './service.ts';
import type { Service, ServiceContext } from './service.ts';
import { workersOf } from './worker-count.ts';

/** Between attempts to replace a worker that died: doubled each time one does not become ready. */
const FIRST_PAUSE_MILLISECONDS = 100;
const LONGEST_PAUSE_MILLISECONDS = 10_000;
/** After the drain time, before a worker that has not gone is killed. */
const KILL_AFTER_MILLISECONDS = 5_000;

type Ready = Extract<FromWorker, { readonly caldavd: 'ready' }>;

export class MasterService implements Service {
  readonly #context: ServiceContext;
  readonly #workers = new Set<Worker>();
  #loaded: LoadedConfig<Config>;
  #own: RunningServer | undefined;
  #numbered = 0;
  #stopping = false;
  #busy: Promise<void> = Promise.resolve();
  #pause = FIRST_PAUSE_MILLISECONDS;
  #wake: () => void = () => undefined;

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
    const own = await prepareHere(this.#loaded, this.#context, 'master');
    await this.#rehearse(this.#loaded);
    logProblems(own.problems, this.#context.logs, 'config warnings');
    this.#own = await own.start();
    const entry = import.meta.url.endsWith('.ts') ? './worker-entry.ts' : './worker-entry.js';
    cluster.setupPrimary({ exec: new URL(entry, import.meta.url).pathname, args: [], execArgv: process.execArgv });
    try {
      const [first] = await Promise.all(Array.from({ length: workersOf(this.#loaded.sections) }, () => this.#fork(this.#loaded)));
      this.#context.running({ url: first?.url ?? '', demo: first?.demo ?? undefined, isReady: first?.isReady === true });
    } catch (error) {
      await this.#stopAll();
      throw new KernelError('KRN_START', `a worker could not start: ${reasonOf(error)}`, { cause: error });
    }
  }

  reload(): Promise<void> {
    this.#busy = this.#busy.then(() => this.#reload());
    return this.#busy;
  }

  async stop(): Promise<void> {
    await this.#stopAll();
    await this.#busy.catch(() => undefined);
    // A roll, or the start itself, may have been forking one more.
    await this.#stopAll();
  }

  async #stopAll(): Promise<void> {
    this.#stopping = true;
    this.#wake();
    await Promise.all([...this.#workers].map((worker) => this.#end(worker)));
    await this.#own?.stop();
  }

  /** What a worker will do first, done here without starting anything, so that a bad config never costs a worker. @throws KernelError */
  async #rehearse(loaded: LoadedConfig<Config>): Promise<void> {
    const { dataRoot } = this.#context;
    await (await prepareServer(loaded, { dataRoot, process: 'worker', redactor: this.#context.logs.redactor })).setUp();
  }

  async #reload(): Promise<void> {
    if (this.#stopping) return;
    const { logs, logs: { log } } = this.#context;
    const loaded = this.#context.read();
    try {
      await this.#rehearse(loaded);
    } catch (error) {
      if (error instanceof KernelError && error.problems.length > 0) logProblems(error.problems, logs, 'the new config has problems, the old one stays');
      else log.error('the new config cannot be used, the old one stays', { error });
      return;
    }
    const old = [...this.#workers];
    const wanted = workersOf(loaded.sections);
    for (let index = 0; index < Math.max(wanted, old.length) && !this.#stopping; index++) {
      try {
        if (index < wanted) await this.#fork(loaded);
      } catch (error) {
        log.error('a worker could not start with the new config; the roll ends, the others keep the old one', { replaced: index, error });
        return;
      }
      this.#loaded = loaded;
      const leaving = old[index];
      if (leaving !== undefined) await this.#end(leaving);
    }
    if (!this.#stopping) log.info('reloaded: every worker has the new config', { workers: wanted });
  }

  /** Resolves when the new worker answers. Rejects, with the worker gone, when it cannot. */
  #fork(loaded: LoadedConfig<Config>): Promise<Ready> {
    const { log } = this.#context.logs;
    const worker = cluster.fork();
    const number = ++this.#numbered;
    this.#workers.add(worker);
    return new Promise((resolve, reject) => {
      let ready = false;
      let reason: string | undefined;
      worker.on('error', (error) => { log.error('a worker\'s pipe failed', { worker: number, error }); });
      worker.on('message', (message: unknown) => {
        if (!isFromWorker(message)) return;
        const said = message;
        if (said.caldavd === 'lines') this.#write(said);
        else if (said.caldavd === 'failed') reason = said.message;
        else {
          ready = true;
          this.#pause = FIRST_PAUSE_MILLISECONDS;
          log.info('worker ready', { worker: number, pid: worker.process.pid });
          resolve(said);
        }
      });
      worker.once('exit', (code, signal) => {
        const expected = !this.#workers.delete(worker);
        if (!ready) reject(new Error(reason ?? `it ended before it was ready (${signal ?? code})`));
        else if (!expected && !this.#stopping) {
          log.error('a worker died and is replaced', { worker: number, code, signal });
          void this.#replace();
        }
      });
      worker.send({ caldavd: 'boot', boot: { document: loaded.document.serialize(), dataRoot: this.#context.dataRoot, worker: number } } satisfies FromMaster);
    });
  }

  async #replace(): Promise<void> {
    while (!this.#stopping) {
      try {
        await this.#fork(this.#loaded);
        return;
      } catch (error) {
        this.#context.logs.log.error('a worker could not be replaced; trying again', { error, inMilliseconds: this.#pause });
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, this.#pause);
          this.#wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        this.#pause = Math.min(LONGEST_PAUSE_MILLISECONDS, this.#pause * 2);
      }
    }
  }

  /** Drains one worker and waits until it is gone. */
  async #end(worker: Worker): Promise<void> {
    // Its going is expected now: the exit handler finds it gone already.
    this.#workers.delete(worker);
    if (worker.isDead()) return;
    const gone = new Promise<void>((resolve) => { worker.once('exit', () => { resolve(); }); });
    const patience = this.#loaded.sections.process['drain-seconds'] * 1_000 + KILL_AFTER_MILLISECONDS;
    const timer = setTimeout(() => {
      this.#context.logs.log.error('a worker did not stop in time and is killed', { pid: worker.process.pid });
      worker.process.kill('SIGKILL');
    }, patience);
    if (worker.isConnected()) worker.send({ caldavd: 'stop' } satisfies FromMaster);
    else worker.process.kill('SIGKILL');
    await gone;
    clearTimeout(timer);
  }

  #write({ errors, access, audit }: Extract<FromWorker, { readonly caldavd: 'lines' }>): void {
    const { logs } = this.#context;
    if (errors !== '') logs.raw(errors);
    for (const line of access.split('\n')) if (line !== '') logs.access.write(line);
    for (const line of audit.split('\n')) if (line !== '') logs.audit.write(line);
  }
}
