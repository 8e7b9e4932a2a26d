/**
 * What third parties may rely on: the declarations of contracts and kernel. A change here must be made on purpose: `npm test -- test/architecture -u`.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** Declarations without comments, one file after another. */
function declarations(folder: string): string {
  const dist = join(root, folder, 'dist');
  return readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.d.ts')).sort()
    .map((name) => `// ${name}\n${readFileSync(join(dist, name), 'utf8').replace(/\/\*\*[\s\S]*?\*\/|\/\/#.*$/gm, '').replace(/\n\s*\n/g, '\n').trim()}\n`)
    .join('\n');
}

describe('the public API', () => {
  it('of contracts is what it was', async () => {
    await expect(declarations('core/contracts')).toMatchFileSnapshot('../api/contracts.api.txt');
  });

  it('of the kernel exports what it did', async () => {
    const index = readFileSync(join(root, 'core/kernel/src/index.ts'), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '').trim();
    await expect(`${index}\n`).toMatchFileSnapshot('../api/kernel.api.txt');
  });
});
