import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkLayers } from '@kalends/layers';
import { afterAll, describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const scratch = mkdtempSync(join(tmpdir(), 'kalends-layers-'));
afterAll(() => { rmSync(scratch, { recursive: true }); });

function tree(files: Readonly<Record<string, string>>): string {
  const at = mkdtempSync(join(scratch, 'tree-'));
  for (const group of ['core', 'plugins', 'tools', 'test']) mkdirSync(join(at, group));
  for (const [name, text] of Object.entries({ 'package.json': '{}', ...files })) {
    mkdirSync(dirname(join(at, name)), { recursive: true });
    writeFileSync(join(at, name), text);
  }
  return at;
}
const manifest = (name: string, ...dependencies: readonly string[]): string =>
  JSON.stringify({ name: `@kalends/${name}`, dependencies: Object.fromEntries(dependencies.map((one) => [one, '1'])) });

describe('the arrows of the house', () => {
  it('all point one way', () => {
    expect(checkLayers(root)).toEqual([]);
  });

  it('are seen when they point upwards, sideways, deep, or at somebody else\'s library', () => {
    const found = checkLayers(tree({
      'core/kernel/package.json': manifest('kernel', '@kalends/webdav'), 'core/kernel/src/a.ts': "import '@kalends/webdav';",
      'core/webdav/package.json': manifest('webdav', '@kalends/kernel'), 'core/webdav/src/a.ts': "import '@kalends/kernel/inside';\nexport * from 'ical.js';",
      'plugins/a/package.json': manifest('a', '@kalends/b'), 'plugins/a/src/a.ts': "import type { X } from '@kalends/b';",
      'plugins/b/package.json': manifest('b'), 'plugins/b/src/b.ts': "import 'left-pad';",
      'core/caldav/package.json': manifest('caldav'), 'core/caldav/src/other.ts': 'await tx.putItem(collection, write);',
    }));
    expect(found.map(({ file, sentence }) => `${file} ${sentence.split(':')[0] ?? ''}`)).toEqual([
      'core/caldav/src/other.ts holds /\\btx\\.putItem\\(/',
      'core/kernel/src/a.ts imports @kalends/webdav',
      'core/webdav/src/a.ts imports @kalends/kernel/inside',
      'core/webdav/src/a.ts imports ical.js',
      'plugins/a/src/a.ts imports @kalends/b',
      'plugins/b/src/b.ts imports left-pad, which its package.json does not declare',
    ]);
  });
});
