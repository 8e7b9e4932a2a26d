/** Our own server for a script: the built `caldavd` with the suite's accounts and settings, an empty data folder, a free port, gone in the end. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageFolder, repository } from './suite-folder.ts';

const START_MILLISECONDS = 30_000;
const LOOK_MILLISECONDS = 20;

export interface RunningServer extends AsyncDisposable {
  /** `http://127.0.0.1:port` */ readonly address: string;
  /** What it printed so far. */ output(): string;
}

/** @throws Error with what the server printed, when it does not come up */
export async function startServer(): Promise<RunningServer> {
  const data = await mkdtemp(join(tmpdir(), 'kalends-conformance-'));
  const args = [join(repository, 'core', 'server', 'bin', 'caldavd.js'), '-f', join(packageFolder, 'caldavd.yaml'), '--foreground', '--http-port', '0', '--data', data];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { printed += text; });
  const exited = new Promise<void>((resolve) => { child.once('exit', () => { resolve(); }); });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await exited;
    await rm(data, { recursive: true, force: true });
  };
  const end = Date.now() + START_MILLISECONDS;
  while (Date.now() < end && child.exitCode === null && child.signalCode === null) {
    const address = /http:\/\/(?:127\.0\.0\.1|localhost):\d+/.exec(printed)?.[0];
    if (address !== undefined && await isReady(address)) return { address, output: () => printed, [Symbol.asyncDispose]: stop };
    await new Promise((resolve) => { setTimeout(resolve, LOOK_MILLISECONDS); });
  }
  await stop();
  throw new Error(`caldavd did not come up:\n${printed}`);
}

function isReady(address: string): Promise<boolean> {
  return fetch(`${address}/health/ready`).then((response) => response.ok, () => false);
}
