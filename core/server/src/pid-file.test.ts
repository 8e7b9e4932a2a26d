import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hostIdOf } from './host-id.ts';
import { writePidFile } from './pid-file.ts';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'kalends-pid-')); });
afterEach(() => { rmSync(folder, { recursive: true }); });

describe('writePidFile', () => {
  it('writes the process id, and removes only its own', () => {
    const file = join(folder, 'run', 'caldavd.pid');
    const remove = writePidFile(file);
    expect(readFileSync(file, 'utf8')).toBe(`${process.pid}\n`);
    writeFileSync(file, '1\n');
    remove();
    expect(existsSync(file)).toBe(true);
    writeFileSync(file, `${process.pid}\n`);
    remove();
    expect(existsSync(file)).toBe(false);
  });

  it('takes over a file whose process is gone, or is something else', () => {
    for (const text of ['999999999\n', '1\n', 'rubbish']) {
      const file = join(folder, 'caldavd.pid');
      writeFileSync(file, text);
      writePidFile(file)();
    }
    expect(existsSync(join(folder, 'caldavd.pid'))).toBe(false);
  });

  it('says why it cannot be written', () => {
    writeFileSync(join(folder, 'plain'), '');
    expect(() => writePidFile(join(folder, 'plain', 'caldavd.pid'))).toThrow(/cannot write the pid file|ENOTDIR/);
  });
});

describe('hostIdOf', () => {
  it('is written on keep, once, and read back', async () => {
    const made = hostIdOf(folder);
    expect(existsSync(join(folder, 'local'))).toBe(false);
    await made.keep();
    await made.keep();
    expect(hostIdOf(folder).id).toBe(made.id);
  });

  it('does not let two first starts at once believe different names', async () => {
    const [one, two] = [hostIdOf(folder), hostIdOf(folder)];
    await one.keep();
    await expect(two.keep()).rejects.toThrow(/start this one again/);
  });

  it('refuses a damaged file', async () => {
    await hostIdOf(folder).keep();
    writeFileSync(join(folder, 'local', 'host-id'), '');
    expect(() => hostIdOf(folder)).toThrow(/holds no host id/);
  });
});
