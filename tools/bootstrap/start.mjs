/** `npm start`: installs, builds and serves the embedded default. Flags after `npm start --` go to caldavd. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pinnedNode, prepare, root } from './prepare.mjs';

await prepare();
const given = process.argv.slice(2);
const config = given.some((flag) => flag === '-f' || flag === '--config' || flag.startsWith('--config=')) ? [] : ['-f', join(root, 'config', 'examples', 'laptop.yaml')];
const server = spawn(pinnedNode, ['--max-semi-space-size=16', join(root, 'core', 'server', 'bin', 'caldavd.js'), ...config, '--foreground', ...given], { cwd: root, stdio: 'inherit' });
// A terminal's Ctrl-C reaches the server by itself; a supervisor's SIGTERM reaches only us.
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => server.kill(signal));
process.on('SIGINT', () => undefined);
server.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 130)));
