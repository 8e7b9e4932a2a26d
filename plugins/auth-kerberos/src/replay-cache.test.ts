import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkReplayCache } from './replay-cache.ts';

describe('the replay cache', () => {
  let folder: string;
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'kalends-rcache-')); });
  afterEach(() => { rmSync(folder, { recursive: true }); });

  it('must not be switched off', () => {
    for (const environment of [{ KRB5RCACHENAME: 'none:' }, { KRB5RCACHETYPE: 'none' }]) expect(() => { checkReplayCache(environment, 'linux'); }).toThrow(/remove it from the environment/);
  });

  it('needs a folder that can be written to, wherever it is said to be', () => {
    for (const environment of [{ KRB5RCACHEDIR: folder }, { KRB5RCACHENAME: `file2:${join(folder, 'replays')}` }, { KRB5RCACHENAME: 'dfl:', KRB5RCACHEDIR: folder }]) expect(() => { checkReplayCache(environment, 'linux'); }).not.toThrow();
    const away = join(folder, 'away');
    for (const environment of [{ KRB5RCACHEDIR: away }, { KRB5RCACHENAME: `file2:${join(away, 'replays')}` }]) expect(() => { checkReplayCache(environment, 'linux'); }).toThrow(/replay cache in .*away.*KRB5RCACHEDIR/);
    expect(() => { checkReplayCache({ KRB5RCACHEDIR: away }, 'darwin'); }).not.toThrow();
  });
});
