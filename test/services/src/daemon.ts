/** A server program as a child of the test: waited for until its port takes connections, ended by its pid, its output kept in a file. */
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Machines that run tests are busy. */
const UP_MILLISECONDS = 60_000;
const STOP_MILLISECONDS = 15_000;
const HOLD_MILLISECONDS = 5_000;
/** Debian keeps servers where only root looks. */
export const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

export class Daemon {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly log: string;

  private constructor(child: ChildProcess, log: string) {
    this.#child = child;
    this.log = log;
    this.#exited = new Promise((resolve) => { child.once('exit', () => { resolve(); }); });
    // A test that dies takes its servers along.
    process.once('exit', () => { child.kill('SIGKILL'); });
  }

  /** Resolves when every `host:port` takes connections. */
  static async start(command: string, args: readonly string[], options: { readonly log: string; readonly ports: readonly (readonly [string, number])[]; readonly env?: Readonly<Record<string, string>> }): Promise<Daemon> {
    const out = openSync(options.log, 'a');
    const child = spawn(command, args, { stdio: ['ignore', out, out], env: { ...process.env, ...options.env, PATH } });
    closeSync(out);
    const daemon = new Daemon(child, options.log);
    let failure: Error | undefined;
    child.once('error', (error) => { failure = error; });
    const end = Date.now() + UP_MILLISECONDS;
    for (const [host, port] of options.ports) {
      while (!(await takesConnections(host, port))) {
        if (failure !== undefined || child.exitCode !== null || Date.now() > end) {
          await daemon.stop('SIGKILL');
          throw new Error(`${command} did not come up: ${failure?.message ?? readFileSync(options.log, 'utf8').slice(-2000)}`);
        }
        await delay(25);
      }
    }
    return daemon;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Stands still when this returns: the signal takes effect a moment later, on a busy machine long enough for an answer. */
  hold(): void {
    this.#child.kill('SIGSTOP');
    const tasks = `/proc/${String(this.#child.pid)}/task`;
    if (!existsSync(tasks)) return;
    const isHeld = (): boolean => readdirSync(tasks).every((task) => / [TtZX] /.test(readFileSync(join(tasks, task, 'stat'), 'utf8').replace(/^.*\)/s, '').slice(0, 3)));
    for (const end = Date.now() + HOLD_MILLISECONDS; !isHeld() && Date.now() < end;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }

  /** @param signal SIGKILL: as a power cut would */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) return;
    this.#child.kill('SIGCONT');
    this.#child.kill(signal);
    const timer = setTimeout(() => { this.#child.kill('SIGKILL'); }, STOP_MILLISECONDS);
    await this.#exited;
    clearTimeout(timer);
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => { server.once('error', reject).listen(0, '127.0.0.1', resolve); });
  const address = server.address();
  await new Promise((resolve) => { server.close(resolve); });
  return typeof address === 'object' && address !== null ? address.port : 0;
}

export function takesConnections(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port }).once('connect', () => { socket.destroy(); resolve(true); }).once('error', () => { resolve(false); });
  });
}

const executeFile = promisify(execFile);

/** @throws Error with what the program said */
export async function run(command: string, args: readonly string[], options: { readonly input?: string; readonly cwd?: string } = {}): Promise<string> {
  const running = executeFile(command, args, { env: { ...process.env, PATH }, maxBuffer: 64 * 2 ** 20, ...(options.cwd === undefined ? {} : { cwd: options.cwd }) });
  running.child.stdin?.on('error', () => undefined).end(options.input ?? '');
  try {
    return (await running).stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${command} ${args.join(' ')}: ${(stderr || stdout || String(error)).slice(-2000)}`, { cause: error });
  }
}
