/**
 * Rules of shape that need no compiler: small files, telling names, named exports, nothing left switched off.
 */
import { readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const MOST_LINES = 400;

const files = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'], { cwd: root, encoding: 'utf8' }).stdout.split('\n').filter((file) => file !== '' && !file.endsWith('.d.ts'));
const sources = files.filter((file) => !file.includes('/zone-data/'));
const text = (file: string): string => readFileSync(join(root, file), 'utf8');

describe('every source', () => {
  it('is there to be read', () => { expect(sources.length).toBeGreaterThan(100); });

  it('has at most 400 lines', () => {
    expect(sources.filter((file) => text(file).split('\n').length > MOST_LINES + 1)).toEqual([]);
  });

  it('has a name that tells what is in it', () => {
    expect(sources.filter((file) => /^(utils?|helpers?|common|misc)\b/.test(basename(file)))).toEqual([]);
    expect(sources.filter((file) => !/^[a-z0-9-]+(\.(test|fixture|config|d))?\.ts$/.test(basename(file)))).toEqual([]);
  });

  it('has a default export only where it is a plugin', () => {
    const withDefault = sources.filter((file) => /^export default/m.test(text(file)) && !/^export default definePlugin\(/m.test(text(file)));
    expect(withDefault.filter((file) => file !== 'vitest.config.ts')).toEqual([]);
  });

  it('has no test that is switched off or runs alone', () => {
    expect(sources.filter((file) => file.endsWith('.test.ts') && file !== 'test/architecture/src/sources.test.ts' && /\b(it|test|describe)\.(only|todo)\b/.test(text(file)))).toEqual([]);
  });
});
