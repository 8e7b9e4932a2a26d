/** `caldavd` as a process: exit codes, signals, the pid file, reloads, and the master with its workers. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shippedConfig } from './config-files.ts';

let folder: string;
let started: Daemon[] = [];
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'kalends-main-')); });
afterEach(async () => {
  await Promise.all(started.map((daemon) => daemon.kill()));
  started = [];
  rmSync(folder, { recursive: true });
});

/** As `bin/caldavd.js`, from the sources. */
const ENTRY = `import { main } from ${JSON.stringify(new URL('./main.ts', import.meta.url).href)};\nprocess.exit(await main(process.argv.slice(2)));\n`;

class Daemon {
  readonly child: ChildProcess;
  out = '';
  error = '';
  readonly #exit: Promise<number | string>;

  constructor(...args: string[]) {
    const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('KALENDS_') && !name.startsWith('VITEST') && name !== 'NODE_OPTIONS'));
    const entry = join(folder, 'caldavd.mjs');
    writeFileSync(entry, ENTRY);
    this.child = spawn(process.execPath, ['--conditions=kalends-source', entry, ...args], { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.on('data', (chunk: Buffer) => { this.out += String(chunk); });
    this.child.stderr?.on('data', (chunk: Buffer) => { this.error += String(chunk); });
    // 'close' comes after the last output.
    this.#exit = once(this.child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
    started.push(this);
  }

  exit(): Promise<number | string> {
    return this.#exit;
  }

  async kill(): Promise<void> {
    if (this.child.exitCode === null) this.child.kill('SIGKILL');
    await this.#exit;
  }

  /** Waits for a line of the error log. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (let left = 60_000; left > 0; left -= 20) {
      const found = pattern.exec(this.error);
      if (found !== null) return found;
      if (this.child.exitCode !== null) break;
      await pause(20);
    }
    throw new Error(`did not say ${String(pattern)}:\n${this.error}`);
  }

  async url(): Promise<string> {
    return (await this.says(/ready url=(\S+)/))[1]!;
  }
}

/** The trial's people over files; `storage` is one line of the config. */
function deploy(more = '', storage = '{ use: storage-flat-file, with: { shards: 2 } }'): string {
  const file = join(folder, 'deploy.yaml');
  writeFileSync(file, `${more}
plugins:
  storage: ${storage}
  people: { use: directory-file, with: { file: ${shippedConfig('examples/demo-directory.yaml')}, demo: true } }
  basic: { use: auth-basic }
`);
  return file;
}

/** On a connection of its own: one that is kept may be closed by a drain just as it is used again, which clients repeat. */
function propfind(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, { method: 'PROPFIND', agent: false, headers: { authorization: `Basic ${btoa('alice:alice')}`, depth: '0' } }, (response) => {
      response.resume().once('end', () => { resolve(response.statusCode ?? 0); });
    }).once('error', reject).end();
  });
}

describe('caldavd, single', { timeout: 120_000 }, () => {
  it('serves, greets, logs, and stops on SIGTERM with 0', async () => {
    const pid = join(folder, 'run', 'caldavd.pid');
    const daemon = new Daemon('-f', deploy(), '--http-port', '0', '--data', join(folder, 'data'), '--pid-file', pid);
    const url = await daemon.url();
    expect(await propfind(`${url}principals/`)).toBe(207);
    expect(readFileSync(pid, 'utf8')).toBe(`${daemon.child.pid}\n`);
    await expect.poll(() => daemon.out).toContain(`running at ${url}`);
    daemon.child.kill('SIGTERM');
    expect(await daemon.exit()).toBe(0);
    expect(existsSync(pid)).toBe(false);
    expect(readFileSync(join(folder, 'data', 'log', 'access.log'), 'utf8')).toMatch(/"PROPFIND \/principals\/ HTTP\/1\.1" 207/);
  });

  it('exits 78 with every problem when the config is bad, and opens nothing', async () => {
    const file = deploy('server: { listne: [], public-url: 7 }\nprocess: { role: master }');
    const daemon = new Daemon('-f', file, '--data', join(folder, 'data'));
    expect(await daemon.exit()).toBe(78);
    expect(daemon.error).toContain('config problems (3):');
    expect(daemon.error).toMatch(/deploy\.yaml:1 +server\.listne: unknown key/);
    expect(existsSync(join(folder, 'data'))).toBe(false);
  });

  it('exits 69 when it cannot listen, 64 for wrong arguments, and checks a config without starting', async () => {
    const file = deploy();
    const first = new Daemon('-f', file, '--http-port', '0');
    const port = new URL(await first.url()).port;
    const [second, wrong, check] = [new Daemon('-f', file, '--http-port', port), new Daemon('--no-such-flag'), new Daemon('-f', file, '--check', '--data', join(folder, 'untouched'))];
    expect(await Promise.all([second.exit(), wrong.exit(), check.exit()])).toEqual([69, 64, 0]);
    expect(second.error).toMatch(/caldavd: http-front could not start: cannot listen at 127\.0\.0\.1:\d+: .*EADDRINUSE/);
    expect(check.out).toBe('the config is good\n');
    expect(existsSync(join(folder, 'untouched'))).toBe(false);
    first.child.kill('SIGINT');
    expect(await first.exit()).toBe(0);
  });

  it('drains on the first signal and leaves at once on the second', async () => {
    const slow = join(folder, 'slow.js');
    writeFileSync(slow, `export default { name: 'slow', api: 1, summary: '', config: { safeParse: (data) => ({ success: true, data }) }, requires: {}, provides: {},
      setup: ({ lifecycle, log }) => { lifecycle.onStop(() => { log.info('draining'); return new Promise(() => setInterval(() => {}, 1000)); }); return {}; } };`);
    const file = deploy();
    writeFileSync(file, `${readFileSync(file, 'utf8')}  slow: { use: ./slow.js }\n`);
    const daemon = new Daemon('-f', file, '--http-port', '0');
    await daemon.url();
    daemon.child.kill('SIGTERM');
    await daemon.says(/draining/);
    daemon.child.kill('SIGTERM');
    expect(await daemon.exit()).toBe(143);
  });

  it('exits 70 on what nobody caught, and names the plugin', async () => {
    const faulty = join(folder, 'faulty.js');
    writeFileSync(faulty, `export default { name: 'faulty', api: 1, summary: '', config: { safeParse: (data) => ({ success: true, data }) }, requires: {}, provides: {},
      setup: ({ lifecycle }) => { lifecycle.onStart(async () => { setTimeout(() => { Promise.reject(new Error('nobody waits for me')); }, 50); }); return {}; } };`);
    const file = deploy();
    writeFileSync(file, `${readFileSync(file, 'utf8')}  faulty: { use: ./faulty.js }\n`);
    const daemon = new Daemon('-f', file, '--http-port', '0');
    expect(await daemon.exit()).toBe(70);
    expect(daemon.error).toMatch(/error faulty: unhandled rejection: a defect; the server drains and exits error="nobody waits for me"/);
  });

  it('reloads on SIGHUP: a bad config changes nothing, a good one is used', async () => {
    const file = deploy('limits: { attendees: 7 }');
    const daemon = new Daemon('-f', file, '--http-port', '0');
    const url = await daemon.url();
    deploy('limits: { attendees: lots }');
    daemon.child.kill('SIGHUP');
    await daemon.says(/the new config has problems, the old one stays .*limits\.attendees/);
    expect(await propfind(`${url}principals/`)).toBe(207);
    deploy('limits: { attendees: 8 }\nserver: { public-url: "http://calendar.test/" }');
    daemon.child.kill('SIGHUP');
    await daemon.says(/reloaded: the new config is in use/);
    daemon.child.kill('SIGTERM');
    expect(await daemon.exit()).toBe(0);
  });
});

describe('caldavd, combined', { timeout: 180_000 }, () => {
  const combined = 'process: { role: combined, workers: 2, drain-seconds: 5 }';

  function pidsOf(daemon: Daemon): readonly number[] {
    return [...daemon.error.matchAll(/worker ready worker=\d+ pid=(\d+)/g)].map(([, pid]) => Number(pid));
  }

  it('serves from its workers, replaces one that dies, and drains all', async () => {
    const daemon = new Daemon('-f', deploy(combined), '--http-port', '0', '--data', join(folder, 'data'));
    const url = await daemon.url();
    expect(await propfind(`${url}principals/`)).toBe(207);
    const [first, second] = pidsOf(daemon);
    process.kill(first!, 'SIGKILL');
    await daemon.says(/a worker died and is replaced/);
    await expect.poll(() => pidsOf(daemon).length, { timeout: 60_000 }).toBe(3);
    expect(await propfind(`${url}principals/`)).toBe(207);
    daemon.child.kill('SIGTERM');
    expect(await daemon.exit()).toBe(0);
    expect(() => process.kill(second!, 0)).toThrow();
    // Of a worker that is killed the last lines may be lost, of one that drains none is.
    expect(readFileSync(join(folder, 'data', 'log', 'access.log'), 'utf8')).toMatch(/"PROPFIND \/principals\/ HTTP\/1\.1" 207/);
  });

  it('rolls a new config through the workers without refusing a request', async () => {
    const daemon = new Daemon('-f', deploy(combined), '--http-port', '0');
    const url = await daemon.url();
    const before = pidsOf(daemon);
    deploy(`${combined}\nlimits: { attendees: none-at-all }`);
    daemon.child.kill('SIGHUP');
    await daemon.says(/the new config has problems, the old one stays/);
    expect(pidsOf(daemon)).toEqual(before);

    writeFileSync(join(folder, 'unlucky.js'), `export default { name: 'unlucky', api: 1, summary: '', config: { safeParse: (data) => ({ success: true, data }) }, requires: {}, provides: {},
      setup: ({ lifecycle }) => { lifecycle.onStart(() => Promise.reject(new Error('no luck today'))); return {}; } };`);
    const file = deploy(combined);
    writeFileSync(file, `${readFileSync(file, 'utf8')}  unlucky: { use: ./unlucky.js }\n`);
    daemon.child.kill('SIGHUP');
    await daemon.says(/a worker could not start with the new config; the roll ends.*no luck today/);
    expect(pidsOf(daemon)).toEqual(before);

    deploy(`${combined}\nlimits: { attendees: 9 }`);
    let rolling = true;
    const statuses = new Set<number>();
    const asking = (async () => { while (rolling) statuses.add(await propfind(`${url}principals/`)); })();
    daemon.child.kill('SIGHUP');
    await daemon.says(/reloaded: every worker has the new config/);
    rolling = false;
    await asking;
    expect([...statuses]).toEqual([207]);
    expect(pidsOf(daemon)).toHaveLength(4);
    for (const pid of before) expect(() => process.kill(pid, 0)).toThrow();
    daemon.child.kill('SIGTERM');
    expect(await daemon.exit()).toBe(0);
  });

  it('refuses a store that only one process may have open', async () => {
    writeFileSync(join(folder, 'memory.js'), `import { memoryStorePlugin } from ${JSON.stringify(import.meta.resolve('@kalends/testkit/doubles'))};\nexport default memoryStorePlugin();\n`);
    const daemon = new Daemon('-f', deploy(combined, '{ use: ./memory.js }'));
    expect(await daemon.exit()).toBe(78);
    expect(daemon.error).toMatch(/store-check: .*the calendar store can be open in one process only/);
  });

  it('does not start when its workers could not', async () => {
    const daemon = new Daemon('-f', deploy(`${combined}\nserver: { tls: { certificate: ./absent.pem, key: ./absent.pem } }`));
    expect(await daemon.exit()).toBe(78);
    expect(daemon.error).toMatch(/cannot read .*absent\.pem/);
  });
});
