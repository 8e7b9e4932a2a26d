/**
 * A master with workers as a deployment has them (`process.role: combined`), the config written from a test's own people and sections. Tells the workers apart by the
 * head of X-Request-Id, and keeps a connection to each, so that a test decides which of them is asked.
 */
import { Agent, request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, startServerProcess } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';

/** The part of a request's id that is its process's. */
const PROCESS_LETTERS = 7;

export interface SeveralWorkers extends ServerProcess { readonly config: string }
export interface Sections {
  readonly workers?: number; readonly role?: 'single' | 'combined';
  /** Further top sections, and further instances, as YAML lines. */ readonly sections?: string; readonly plugins?: string;
  /** Default: the demo directory. */ readonly people?: string; readonly demo?: boolean;
}

export async function startWorkers({ workers = 3, role = 'combined', sections = '', plugins = '', people, demo = true }: Sections = {}): Promise<SeveralWorkers> {
  const folder = await mkdtemp(join(tmpdir(), 'kalends-workers-'));
  const [config, directory] = [join(folder, 'caldavd.yaml'), people === undefined ? join(root, 'config', 'examples', 'demo-directory.yaml') : join(folder, 'people.yaml')];
  if (people !== undefined) await writeFile(directory, people);
  await writeFile(config, `process: { role: ${role}, workers: ${String(workers)} }
admins: [users/admin]
${sections}
plugins:
  storage: { use: storage-flat-file, with: { shards: 2 } }
  people: { use: directory-file, with: { file: ${JSON.stringify(directory)}${demo ? ', demo: true' : ''} } }
  digest: { use: auth-digest }
  basic: { use: auth-basic }
  any: { use: auth-any }
  app-passwords: { use: app-passwords }
${plugins}
`);
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const server = await startServerProcess({ config, data: join(folder, 'data') });
    // The first worker answers before the others are there.
    if (role === 'combined') await allReady(server, workers);
    const dispose = server[Symbol.asyncDispose];
    return Object.assign(server, { config, [Symbol.asyncDispose]: async () => {
      await dispose();
      await remove();
    } });
  } catch (error) {
    await remove();
    throw error;
  }
}

async function allReady({ output, process: child }: ServerProcess, workers: number): Promise<void> {
  while ((output().match(/worker ready/g) ?? []).length < workers) {
    if (child.exitCode !== null) throw new Error(`caldavd ended with ${String(child.exitCode)}:\n${output()}`);
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}

export interface WorkerAnswer { readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string; /** Which process answered. */ readonly worker: string }
export interface Asked { readonly method?: string; readonly target?: string; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }

/** One connection that is kept: all requests on it reach one worker. Without an agent, each request has a connection of its own, and the next worker takes it. */
export function ask(url: string, { method = 'GET', target = '/', headers = {}, body }: Asked, agent: Agent | false = false): Promise<WorkerAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, method, path: target, headers, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; });
      response.on('end', () => { resolve({ status: response.statusCode ?? 0, headers: response.headers, text, worker: String(response.headers['x-request-id']).slice(0, PROCESS_LETTERS) }); });
    });
    sent.once('error', reject).end(body);
  });
}

export interface Line extends Disposable { readonly worker: string; ask(asked: Asked): Promise<WorkerAnswer> }

/** A kept connection to each of `count` workers. */
export async function linesTo(url: string, count: number): Promise<readonly Line[]> {
  const lines = new Map<string, Line>();
  for (let tries = 0; lines.size < count; tries++) {
    if (tries > 20 * count) throw new Error(`only ${String(lines.size)} of ${String(count)} workers took a connection`);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const { worker } = await ask(url, { target: '/health/live' }, agent);
    if (lines.has(worker)) agent.destroy();
    else lines.set(worker, { worker, ask: (asked) => ask(url, asked, agent), [Symbol.dispose]: () => { agent.destroy(); } });
  }
  return [...lines.values()];
}
