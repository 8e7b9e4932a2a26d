import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigDocument } from './document.ts';
import { editOverlay, readOverlay, writeOverlay } from './overlay.ts';

describe('the overlay', () => {
  it('takes a setting in, changes it and lets it go, and keeps comments', () => {
    const first = editOverlay('', ['plugins', 'store', 'with', 'pool'], 20);
    const noted = `${first}# because of the long weekend\nserver.name: x\n`;
    const second = editOverlay(noted, ['plugins', 'store', 'with', 'pool'], 30);
    expect(second).toContain('plugins.store.with.pool: 30');
    expect(second).toContain('# because of the long weekend');
    expect(editOverlay(second, ['plugins', 'store', 'with', 'pool'], undefined)).not.toContain('pool');
    expect(editOverlay('', ['server', 'name'], undefined)).toBe('');
  });

  it('refuses a path that could not be read back', () => {
    expect(() => editOverlay('', ['server', 'a.b'], 1)).toThrow(RangeError);
  });

  it('reads what it wrote', () => {
    const text = editOverlay(editOverlay('', ['server', 'key'], { env: 'KEY' }), ['plugins', 'mail', 'enabled'], false);
    const { document, problems } = readOverlay({ file: '/x/settings.yaml', shown: 'settings.yaml', text }, new ConfigDocument());
    expect(problems).toEqual([]);
    expect(document.value).toEqual({ server: { key: { env: 'KEY' } }, plugins: { mail: { enabled: false } } });
  });

  it('reports what is not a single setting', () => {
    const { problems } = readOverlay({ file: '/x/settings.yaml', shown: 'settings.yaml', text: 'plugins.store: { use: other }\nserver..name: 1\n' }, new ConfigDocument());
    expect(problems).toMatchObject([{ line: 1, path: 'plugins.store' }, { line: 2, path: 'server..name' }]);
  });

  it('writes a file that only its owner may read', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kalends-overlay-'));
    const file = join(folder, 'deep', 'settings.yaml');
    writeOverlay(file, ['server', 'name'], 'x');
    writeOverlay(file, ['process', 'workers'], 2);
    expect(readFileSync(file, 'utf8')).toMatch(/server\.name: x\nprocess\.workers: 2\n$/);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    rmSync(folder, { recursive: true });
  });
});
