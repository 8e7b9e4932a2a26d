/**
 * Drives a Mozilla application from inside, over Marionette: `LENGTH:JSON` on a socket, each command answered in turn. Scripts run with the application's own rights
 * ("chrome"), so a test calls what the menus call. The application gets a profile of its own and is ended by pid.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const START_MILLISECONDS = 40_000;
const SCRIPT_MILLISECONDS = 40_000;

export interface Driven extends AsyncDisposable {
  /** The body of an async function with `args` in scope; answers what it returns, which must be JSON. */ run(body: string, ...args: readonly unknown[]): Promise<unknown>;
}

export async function startDriven(program: string, preferences: Readonly<Record<string, string | number | boolean>>): Promise<Driven> {
  const folder = await mkdtemp(join(tmpdir(), 'kalends-mozilla-'));
  const port = await freePort();
  await mkdir(join(folder, 'profile'));
  const lines = Object.entries({ ...preferences, 'marionette.port': port }).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`);
  await writeFile(join(folder, 'profile', 'user.js'), lines.join(''));
  // A group of its own: the application starts processes that do not all leave with it.
  const child = spawn(program, ['--headless', '--marionette', '--remote-allow-system-access', '--no-remote', '--profile', join(folder, 'profile')], { detached: true, stdio: 'ignore', env: { ...process.env, HOME: folder, TMPDIR: folder, MOZ_CRASHREPORTER_DISABLE: '1' } });
  const exited = new Promise<void>((resolve) => { child.once('close', () => { resolve(); }); });
  let connection: Connection | undefined;
  const end = async (): Promise<void> => {
    await connection?.command('Marionette:Quit', { flags: ['eForceQuit'] }).catch(() => undefined);
    connection?.close();
    await Promise.race([exited, new Promise((resolve) => { setTimeout(resolve, 5000).unref(); })]);
    killGroup(child);
    await exited;
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  try {
    connection = await untilGreeted(port, child);
    await connection.command('WebDriver:NewSession', { capabilities: { alwaysMatch: { timeouts: { script: SCRIPT_MILLISECONDS } } } });
    await connection.command('Marionette:SetContext', { value: 'chrome' });
  } catch (error) {
    await end();
    throw error;
  }
  const greeted = connection;
  return {
    run: async (body, ...args) => {
      const script = `const args = [...arguments]; const done = args.pop(); (async () => { ${body} })().then((value) => done({ value: value ?? null }), (error) => done({ error: String(error) + '\\n' + (error.stack ?? '') }));`;
      const { value } = await greeted.command('WebDriver:ExecuteAsyncScript', { script, args, scriptTimeout: SCRIPT_MILLISECONDS }) as { value: { value?: unknown; error?: string } | null };
      if (value === null) throw new Error('a dialog came between');
      if (value.error !== undefined) throw new Error(value.error);
      return value.value;
    },
    [Symbol.asyncDispose]: end,
  };
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => { server.close(() => { resolve(); }); });
  return port;
}

async function untilGreeted(port: number, child: ChildProcess): Promise<Connection> {
  const end = Date.now() + START_MILLISECONDS;
  while (Date.now() < end) {
    if (child.exitCode !== null) throw new Error(`the application ended with ${String(child.exitCode)}`);
    const socket = connect(port, '127.0.0.1');
    const open = await new Promise<boolean>((resolve) => { socket.once('connect', () => { resolve(true); }).once('error', () => { resolve(false); }); });
    if (open) {
      const connection = new Connection(socket);
      await connection.greeting;
      return connection;
    }
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  throw new Error(`no Marionette on port ${String(port)} within ${String(START_MILLISECONDS)} ms`);
}

type Answer = readonly [1, number, { readonly message: string; readonly stacktrace?: string } | null, unknown];

class Connection {
  readonly greeting: Promise<void>;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #received = Buffer.alloc(0);
  #id = 0;
  #lost: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.greeting = new Promise((resolve, reject) => {
      socket.on('data', (data) => { this.#receive(data, resolve); });
      socket.on('error', reject);
      socket.on('close', () => {
        this.#lost = new Error('the application closed the connection');
        for (const [id, settle] of this.#waiting) settle([1, id, this.#lost, null]);
        reject(this.#lost);
      });
    });
    this.greeting.catch(() => undefined);
  }

  command(name: string, params: Readonly<Record<string, unknown>>): Promise<unknown> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    const id = ++this.#id;
    const message = Buffer.from(JSON.stringify([0, id, name, params]));
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ([, , error, result]) => {
        this.#waiting.delete(id);
        if (error === null) resolve(result);
        else reject(new Error(`${name}: ${error.message}\n${error.stacktrace ?? ''}`));
      });
      this.#socket.write(Buffer.concat([Buffer.from(`${String(message.length)}:`), message]));
    });
  }

  close(): void { this.#socket.destroy(); }

  #receive(data: Buffer, greeted: () => void): void {
    this.#received = Buffer.concat([this.#received, data]);
    for (;;) {
      const colon = this.#received.indexOf(':');
      if (colon < 0) return;
      const end = colon + 1 + Number(this.#received.subarray(0, colon).toString());
      if (this.#received.length < end) return;
      const message = JSON.parse(this.#received.subarray(colon + 1, end).toString()) as Answer | { readonly marionetteProtocol: number };
      this.#received = this.#received.subarray(end);
      if ('marionetteProtocol' in message) greeted();
      else this.#waiting.get(message[1])?.(message);
    }
  }
}
