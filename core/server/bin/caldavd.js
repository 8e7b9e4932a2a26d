#!/usr/bin/env -S node --max-semi-space-size=16
import { setFlagsFromString } from 'node:v8';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  process.stderr.write(`caldavd: needs Node 22.13 or newer, and ${process.execPath} is ${process.version}\n  → node_modules/.bin/node of the checkout is one that fits\n`);
  process.exit(78);
}
// Only now: an older Node stumbles over what is imported, and says nothing that helps.
const { main } = await import('../dist/main.js');

// The young generation above is the main heap's. While the flag stands, threads get the same, whatever limits they are made with.
setFlagsFromString('--max-semi-space-size=0');
process.exit(await main(process.argv.slice(2)));
