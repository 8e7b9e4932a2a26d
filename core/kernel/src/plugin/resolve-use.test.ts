import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resolveUse } from './resolve-use.ts';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'kalends-use-')); });
afterEach(() => { rmSync(folder, { recursive: true }); });

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** A plugin without imports: the kernel asks for its shape, not for its maker. */
function source(name: string, { api = '1', head = 'export default ' } = {}): string {
  return `${head}{ name: '${name}', api: ${api}, summary: 's', config: { safeParse: (data) => ({ success: true, data }) }, provides: { a: { id: 'a', arity: 'many' } }, requires: {}, setup: () => ({ a: 1 }) };\n`;
}

async function refusal(use: string): Promise<{ readonly code: string; readonly message: string; readonly remedy: string }> {
  const found = await resolveUse(use, folder);
  if (found.ok) throw new Error(`${use} was found`);
  return { code: found.code, message: found.message.replaceAll(folder, '<folder>'), remedy: found.remedy.replaceAll(folder, '<folder>') };
}

async function nameOf(use: string): Promise<string> {
  const found = await resolveUse(use, folder);
  return found.ok ? found.definition.name : found.message;
}

describe('resolveUse', () => {
  it('finds a third-party package from the folder of the config file', async () => {
    write('node_modules/@acme/booking/package.json', JSON.stringify({ name: '@acme/booking', type: 'module', exports: { '.': { import: './dist/entry.js' } } }));
    write('node_modules/@acme/booking/dist/entry.js', source('@acme/booking'));
    expect(await nameOf('@acme/booking')).toBe('@acme/booking');
  });

  it('finds a file, a folder with a package.json and a folder with TypeScript sources', async () => {
    write('one.js', source('one'));
    write('two/package.json', JSON.stringify({ name: 'two', type: 'module', exports: './lib/main.js' }));
    write('two/lib/main.js', source('two'));
    write('three/package.json', JSON.stringify({ name: 'three', type: 'module', main: 'main.js' }));
    write('three/main.js', source('three'));
    write('four/package.json', JSON.stringify({ name: 'four', type: 'module' }));
    write('four/src/index.ts', `const typed: number = 1;\n${source('four')}export const answer = typed;\n`);
    expect(await Promise.all(['./one.js', './two', './three', './four', join(folder, 'one.js')].map(nameOf))).toEqual(['one', 'two', 'three', 'four', 'one']);
  });

  it('takes a named export after #', async () => {
    write('pair.js', `${source('first')}${source('second', { head: 'export const other = ' })}`);
    expect([await nameOf('./pair.js'), await nameOf('./pair.js#other')]).toEqual(['first', 'second']);
    expect(await refusal('./pair.js#third')).toMatchObject({ message: './pair.js#third has no export named "third" that is a plugin' });
  });

  it('says how to install a package that is not there, or which built-in was meant', async () => {
    expect(await refusal('@acme/auth-oidc')).toEqual({
      code: 'KRN_USE', message: 'cannot find package "@acme/auth-oidc" from <folder>', remedy: 'npm install @acme/auth-oidc in that folder, or give a path beginning with ./',
    });
    const found = await resolveUse('storage-sq1', folder, new Map([['storage-sql', { specifier: 'x', from: import.meta.url }]]));
    expect(found).toMatchObject({ ok: false, remedy: 'did you mean the built-in "storage-sql"? Otherwise npm install storage-sq1 in that folder' });
    expect(await refusal('./absent')).toMatchObject({ code: 'KRN_USE', message: 'there is nothing at <folder>/absent' });
    expect(await resolveUse('sql', folder, new Map([['sql', { specifier: '@kalends/not-there', from: import.meta.url }]]))).toMatchObject({ message: 'the built-in plugin sql needs the package @kalends/not-there, which is not installed' });
  });

  it('refuses a module that cannot be loaded, with its reason', async () => {
    write('throws.js', 'throw new Error("boom\\nsecond line");');
    write('imports.js', 'import "@acme/missing";');
    expect(await refusal('./throws.js')).toMatchObject({ code: 'KRN_BROKEN_MODULE', message: './throws.js was found at <folder>/throws.js but could not be loaded: boom' });
    expect((await refusal('./imports.js')).message).toContain('@acme/missing');
    write('empty/package.json', '{}');
    expect(await refusal('./empty')).toMatchObject({ code: 'KRN_USE', remedy: 'build the plugin, or name its file' });
  });

  it('refuses what is no plugin, and one for another version of the surface', async () => {
    write('nothing.js', 'export const x = 1;');
    write('partial.js', 'export default { name: "x", api: 1, provides: { a: 5 } };');
    write('old.js', source('@acme/old', { api: '2' }));
    expect(await refusal('./nothing.js')).toMatchObject({ message: './nothing.js has no default export that is a plugin' });
    expect((await refusal('./partial.js')).message).toBe('the default export of ./partial.js is no complete plugin: summary, config (a zod schema), provides (extension points), requires (extension points), setup missing or wrong');
    expect(await refusal('./old.js')).toEqual({ code: 'KRN_API', message: './old.js was written for version 2 of the plugin surface, this server has version 1', remedy: 'install a release of @acme/old that says api: 1' });
  });
});
