#!/usr/bin/env node
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  process.stderr.write(`caladmin: needs Node 22.13 or newer, and ${process.execPath} is ${process.version}\n  → node_modules/.bin/node of the checkout is one that fits\n`);
  process.exit(78);
}
// Only now: an older Node stumbles over what is imported, and says nothing that helps.
const { main } = await import('../dist/index.js');

process.exitCode = await main(process.argv.slice(2));
