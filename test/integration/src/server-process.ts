/**
 * A server as a user starts it: the built `caldavd`, its own process, a data folder of its own, a free port; and the admin's command line beside it. For tests
 * that speak to them from outside.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execute } from './programs.ts';
import type { Finished } from './programs.ts';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
/** The embedded default. */
export const LAPTOP = join(root, 'config', 'examples', 'laptop.yaml');
const START_MILLISECONDS = 30_000;
/** Of the longest, an import of many files on a machine with other work. */
const CALADMIN_MILLISECONDS = 110_000;

export interface ServerProcess extends AsyncDisposable {
  /** Without a final slash. */ readonly url: string;
  readonly data: string; readonly pid: number;
  readonly process: ChildProcess;
  /** What it printed so far. */ output(): string;
  /** SIGTERM and the exit code. */ stop(): Promise<number | null>;
}

export interface ServerOptions {
  /** Default: `$KALENDS_TEST_CONFIG` (the same stories over another store), else the embedded default, `config/examples/laptop.yaml`. */ readonly config?: string;
  /** Default: a new folder, removed in the end. */ readonly data?: string;
  readonly env?: Readonly<Record<string, string>>; readonly args?: readonly string[];
}

export async function startServerProcess(options: ServerOptions = {}): Promise<ServerProcess> {
  const data = options.data ?? await mkdtemp(join(tmpdir(), 'kalends-data-'));
  const args = ['-f', options.config ?? process.env['KALENDS_TEST_CONFIG'] ?? LAPTOP, '--foreground', '--http-port', '0', '--data', data, ...(options.args ?? [])];
  const child = spawn(process.execPath, ['--max-semi-space-size=16', join(root, 'core', 'server', 'bin', 'caldavd.js'), ...args], { env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { printed += text; });
  const exited = new Promise<number | null>((resolve) => { child.once('exit', resolve); });
  const stop = async (): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    return exited;
  };
  try {
    const url = await untilPrinted(() => /http:\/\/(?:127\.0\.0\.1|localhost):\d+/.exec(printed)?.[0], exited, () => printed);
    return {
      url, data, pid: child.pid!, process: child, output: () => printed, stop,
      [Symbol.asyncDispose]: async () => {
        await stop();
        if (options.data === undefined) await rm(data, { recursive: true, force: true });
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    if (options.data === undefined) await rm(data, { recursive: true, force: true });
    throw error;
  }
}

/** `caladmin` as an admin runs it: a process of its own on a deployment's data, beside a running server or not. */
export function runCaladmin({ data, config = LAPTOP, env = {} }: Pick<ServerOptions, 'config' | 'env'> & { readonly data: string }, ...args: readonly string[]): Promise<Finished> {
  return execute(process.execPath, [join(root, 'tools', 'caladmin', 'bin', 'caladmin.js'), '-f', config, '--data', data, ...args], { env, milliseconds: CALADMIN_MILLISECONDS });
}

async function untilPrinted(look: () => string | undefined, exited: Promise<number | null>, printed: () => string): Promise<string> {
  const end = Date.now() + START_MILLISECONDS;
  let code: number | null | undefined;
  void exited.then((value) => { code = value; });
  while (Date.now() < end) {
    const url = look();
    if (url !== undefined && await answers(url)) return url;
    if (code !== undefined) throw new Error(`caldavd ended with ${String(code)}:\n${printed()}`);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
  throw new Error(`caldavd printed no address in ${String(START_MILLISECONDS)} ms:\n${printed()}`);
}

async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/health/ready`).then((response) => response.ok, () => false);
}
