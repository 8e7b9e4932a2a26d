/** PUT of a store that keeps files depends on what making a file costs, and that varies tenfold with the state of the file system: so it is told beside the figures. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FILES = 200;

/** In the folder for temporary files: temp, rename. */
export function fileCreateMicroseconds(): number {
  const folder = mkdtempSync(join(tmpdir(), 'kalends-bench-'));
  const began = performance.now();
  for (let at = 0; at < FILES; at++) {
    writeFileSync(join(folder, 'temp'), '');
    renameSync(join(folder, 'temp'), join(folder, String(at)));
  }
  const each = ((performance.now() - began) * 1000) / FILES;
  rmSync(folder, { recursive: true });
  return each;
}
