/** A server in the foreground, on loopback, in a folder of its own below the temporary files; ended by its pid. What each peer needs beyond that is in its own file. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Target } from '../filled-calendar.ts';

export interface Peer extends Target, AsyncDisposable {
  /** What stands in the table: product and version. */ readonly version: string;
}

const START_MILLISECONDS = 30_000;
const STOP_MILLISECONDS = 10_000;

/** Readable for other users: servers give up their rights. */
export async function temporaryFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `kalends-bench-${name}-`));
  await chmod(folder, 0o755);
  return folder;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => { server.once('error', reject).listen(0, '127.0.0.1', resolve); });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export class StartedServer {
  readonly #process: ChildProcess;
  readonly #ended: Promise<number | null>;
  #hasEnded = false;
  #printed = '';

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#process = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => { this.#printed += text; });
    this.#ended = new Promise((resolve) => {
      const end = (code: number | null): void => {
        this.#hasEnded = true;
        resolve(code);
      };
      this.#process.once('exit', end).once('error', (error) => {
        this.#printed += error.message;
        end(null);
      });
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  get printed(): string {
    return this.#printed;
  }

  /** @throws Error when it ends or `ready` never says so */
  async until<T>(ready: () => Promise<T | undefined>): Promise<T> {
    for (const end = Date.now() + START_MILLISECONDS; Date.now() < end;) {
      const found = await ready();
      if (found !== undefined) return found;
      if (this.#hasEnded) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${this.#process.spawnfile} did not start:\n${this.#printed.slice(-2_000)}`);
  }

  /** Any status is an answer. */
  answers(url: URL): Promise<true> {
    return this.until(() => fetch(url, { redirect: 'manual' }).then(() => true as const, () => undefined));
  }

  /** Does not wait for it. */
  end(): void {
    if (!this.#hasEnded) this.#process.kill('SIGTERM');
  }

  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    this.end();
    const late = setTimeout(() => { this.#process.kill('SIGKILL'); }, STOP_MILLISECONDS);
    await this.#ended;
    clearTimeout(late);
  }
}

/** Ends the server, then removes its folder: when disposed, when its start failed half way, and when this process is told to end. */
export async function startIn<T extends Target & { readonly version: string }>(folder: string, start: (started: (server: StartedServer) => StartedServer) => Promise<T>): Promise<T & AsyncDisposable> {
  const servers: StartedServer[] = [];
  const abandon = (): void => {
    for (const server of servers) server.end();
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', abandon);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, exitBySignal);
  const dispose = async (): Promise<void> => {
    for (const server of servers) await server.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    process.off('exit', abandon);
  };
  try {
    const target = await start((server) => {
      servers.push(server);
      return server;
    });
    return { ...target, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** `exit` listeners run then; 130 is what shells expect of an interrupted command. */
function exitBySignal(): void {
  process.exit(130);
}
