/**
 * Brings a fresh clone to where it can run: installs what the lock names, then builds. Needs nothing but Node 18 and npm, for it runs before anything is
 * installed; what it starts runs on the pinned Node that the install brings (package `node`).
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const modules = join(root, 'node_modules');
const stamp = join(modules, '.kalends-lock');

/** The pinned Node; every script of this house runs on it, whatever Node called npm. */
export const pinnedNode = join(modules, 'node', 'bin', 'node');

/** @returns {Promise<void>} */
export async function prepare() {
  const [major = 0] = process.versions.node.split('.').map(Number);
  if (major < 18) fail(`Node ${process.versions.node} is too old even to install: Node 18 or newer is needed (Debian 12 has one: apt-get install nodejs npm).`);
  await install();
  await build();
}

async function install() {
  const lock = createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock && existsSync(pinnedNode)) return;
  const began = Date.now();
  console.log('kalends: installing packages (once, about a minute) ...');
  await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], 'the packages could not be installed; the lines above say why');
  if (!existsSync(pinnedNode)) fail('the pinned Node (package "node") was not installed: does npm run with --ignore-scripts? Try: npm ci --ignore-scripts=false');
  writeFileSync(stamp, lock);
  console.log(`kalends: installed in ${Math.round((Date.now() - began) / 1000)} s`);
}

async function build() {
  await run(pinnedNode, [join(modules, '@typescript', 'native', 'bin', 'tsc'), '-b'], 'the build failed; the lines above say where');
}

/** Runs to its end, with this terminal. */
export function run(command, args, complaint, env = process.env) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', env });
    child.on('error', (error) => fail(`${command}: ${error.message}`));
    child.on('exit', (code) => (code === 0 ? resolve() : fail(complaint, code ?? 1)));
  });
}

export function fail(sentence, code = 1) {
  console.error(`kalends: ${sentence}`);
  process.exit(code);
}
