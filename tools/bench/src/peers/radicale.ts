/** Radicale as Debian packages it (`apt-get install radicale`): one process, one connection a request, files without an index. */
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Peer } from './started-server.ts';
import { StartedServer, freePort, startIn, temporaryFolder } from './started-server.ts';

export async function startRadicale(): Promise<Peer> {
  const version = execFileSync('radicale', ['--version'], { encoding: 'utf8' }).trim();
  const folder = await temporaryFolder('radicale');
  return startIn(folder, async (started) => {
    const port = await freePort();
    await mkdir(join(folder, 'collections'));
    await writeFile(join(folder, 'users'), 'bench:bench\n');
    await writeFile(join(folder, 'config'), `[server]
hosts = 127.0.0.1:${String(port)}
max_connections = 100
[auth]
type = htpasswd
htpasswd_filename = ${folder}/users
htpasswd_encryption = plain
delay = 0
[rights]
type = owner_only
[storage]
filesystem_folder = ${folder}/collections
[logging]
level = warning
[web]
type = none
`);
    const server = started(new StartedServer('radicale', ['--config', join(folder, 'config')]));
    const home = new URL(`http://127.0.0.1:${String(port)}/bench/`);
    await server.answers(home);
    return { name: 'radicale', version: `Radicale ${version}`, home, account: { user: 'bench', password: 'bench', scheme: 'basic' as const }, pids: [server.pid] };
  });
}
