/**
 * The daemon under a service manager (R62): what systemd hears over a socket as it opens one (sd_notify(3)), and that the shipped unit and property list are
 * such. Node cannot receive datagrams of that kind, so Python listens.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeWith, execute } from './programs.ts';
import { root, startServerProcess } from './server-process.ts';

const LISTENER = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('[]', flush=True)
while True:
    print(json.dumps(s.recv(4096).decode().split('\\n')), flush=True)
`;

let folder: string;
beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'kalends-manager-')); });
afterEach(async () => { await rm(folder, { recursive: true, force: true }); });

class Manager implements AsyncDisposable {
  readonly socket = join(folder, 'notify');
  readonly #child: ChildProcess = spawn('/usr/bin/python3', ['-c', LISTENER, this.socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  #heard = '';

  constructor() {
    this.#child.stdout!.on('data', (chunk: Buffer) => { this.#heard += String(chunk); });
  }

  /** Messages so far, without systemd-notify's barriers. */
  get messages(): readonly (readonly string[])[] {
    return this.#heard.split('\n').filter((line) => line.endsWith(']')).map((line) => JSON.parse(line) as string[]).slice(1).filter(([first]) => first !== 'BARRIER=1');
  }
  /** The first lines, as `READY=1`, once there are so many. */
  async states(count: number): Promise<readonly string[]> {
    await expect.poll(() => this.messages.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(count);
    return this.messages.map(([state]) => state!);
  }
  async listening(): Promise<void> {
    await expect.poll(() => this.#heard, { timeout: 20_000 }).toContain('[]');
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await once(this.#child, 'close');
  }
}

describeWith('systemd-notify', 'a service of type notify', () => {
  it('says that it is ready when it answers, and when it stops', async () => {
    await using manager = new Manager();
    await manager.listening();
    await using server = await startServerProcess({ env: { NOTIFY_SOCKET: manager.socket } });
    expect(await manager.states(1)).toEqual(['READY=1']);
    expect(manager.messages[0]).toEqual(['READY=1', `STATUS=answers at ${server.url}/`, `MAINPID=${server.pid}`]);
    expect(await server.stop()).toBe(0);
    expect(await manager.states(2)).toEqual(['READY=1', 'STOPPING=1']);
  });

  it('says when a reload begins and when it is over, also one that a bad config ended', async () => {
    await using manager = new Manager();
    await manager.listening();
    const config = join(folder, 'caldavd.yaml');
    for (const [from, to] of [['laptop.yaml', config], ['demo-directory.yaml', join(folder, 'demo-directory.yaml')]] as const) await copyFile(join(root, 'config', 'examples', from), to);
    await using server = await startServerProcess({ config, env: { NOTIFY_SOCKET: manager.socket } });
    await manager.states(1);
    server.process.kill('SIGHUP');
    expect(await manager.states(3)).toEqual(['READY=1', 'RELOADING=1', 'READY=1']);
    await writeFile(config, 'server: { listne: [] }\n');
    server.process.kill('SIGHUP');
    expect(await manager.states(5)).toEqual(['READY=1', 'RELOADING=1', 'READY=1', 'RELOADING=1', 'READY=1']);
    expect(server.output()).toContain('listne');
    expect(await server.stop()).toBe(0);
  });

  it('serves on where the manager does not listen', async () => {
    await using server = await startServerProcess({ env: { NOTIFY_SOCKET: join(folder, 'nobody') } });
    await expect.poll(() => server.output(), { timeout: 20_000 }).toContain('the service manager could not be told');
    expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
  });
});

describeWith('systemd-analyze', 'the shipped unit', () => {
  it('is one that systemd accepts', async () => {
    const unit = join(folder, 'kalends.service');
    const text = await readFile(join(root, 'config', 'systemd', 'kalends.service'), 'utf8');
    await writeFile(unit, text.replace('ExecStart=/opt/kalends/node_modules/.bin/node', `ExecStart=${process.execPath}`));
    const { code, stdout, stderr } = await execute('systemd-analyze', ['verify', '--man=no', unit]);
    expect([code, `${stdout}${stderr}`.split('\n').filter((line) => line.includes('kalends.service'))]).toEqual([0, []]);
  });

  it('starts the program that there is, as does the property list for launchd', async () => {
    const unit = await readFile(join(root, 'config', 'systemd', 'kalends.service'), 'utf8');
    const list = await readFile(join(root, 'config', 'launchd', 'org.kalends.caldavd.plist'), 'utf8');
    const { code, stdout } = await execute('/usr/bin/python3', ['-c', 'import json,plistlib,sys; print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))'], { input: list });
    expect(code).toBe(0);
    const { ProgramArguments: program } = JSON.parse(stdout) as { readonly ProgramArguments: readonly string[] };
    expect(`ExecStart=${program.join(' ')}`).toBe(/^ExecStart=.*$/m.exec(unit)![0]);
    expect((await execute(process.execPath, [join(root, ...program[2]!.split('/').slice(3)), '--help'])).code).toBe(0);
  });
});
