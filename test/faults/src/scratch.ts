/** Folders for tests: in memory where the system offers that, since what is flushed is decided by the tests themselves. Gone with the test file. */
import { accessSync, constants, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A container's is often too small. */
const ENOUGH_OCTETS = 1024 ** 3;
const folders: string[] = [];

export function scratchFolder(name: string): string {
  const path = mkdtempSync(join(base(), `kalends-${name}-`));
  folders.push(path);
  return path;
}

afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function base(): string {
  try {
    accessSync('/dev/shm', constants.W_OK);
    const { bavail, bsize } = statfsSync('/dev/shm');
    if (bavail * bsize > ENOUGH_OCTETS) return '/dev/shm';
  } catch {
    // Not on this system.
  }
  return tmpdir();
}
