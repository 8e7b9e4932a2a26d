import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigDocument } from './document.ts';
import type { SerializedDocument } from './document.ts';
import { interpretConfig, loadConfig } from './load.ts';
import type { LoadOptions } from './load.ts';
import { formatProblems } from './problems.ts';
import { secret } from './secret.ts';
import { validate } from './validate.ts';

const schema = z.strictObject({
  server: z.strictObject({
    name: z.string().default('unnamed'),
    'public-url': z.url().optional(),
    listen: z.array(z.string()).min(1).default(['127.0.0.1:0']),
    key: secret().optional(),
    certificate: z.string().optional(),
  }).prefault({}),
  process: z.strictObject({ workers: z.int().min(1).max(64).default(1), role: z.enum(['single', 'combined']).default('single') }).prefault({}),
});

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'kalends-load-')); });
afterEach(() => { rmSync(folder, { recursive: true }); });

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function load(text: string, options: Partial<LoadOptions<typeof schema>> = {}) {
  return loadConfig({ schema, file: write('deploy.yaml', text), environment: {}, ...options });
}

describe('loadConfig', () => {
  it('reports five mistakes as five problems, each with its line and what to do', () => {
    const { problems } = load([
      'server:', '  public-url: not a url', '  listne: ["127.0.0.1:1"]', '  key: { env: NOT_SET_ANYWHERE }',
      'process:', '  workers: 900', 'plugins:', '  Main: { use: storage }',
    ].join('\n'));
    expect(problems.map(({ line, path, code }) => [line, path, code])).toEqual([
      [4, 'server.key', 'KRN_REFERENCE'], [2, 'server.public-url', 'KRN_BAD_VALUE'],
      [3, 'server.listne', 'KRN_UNKNOWN_KEY'], [6, 'process.workers', 'KRN_BAD_VALUE'], [8, 'plugins.Main', 'KRN_BAD_VALUE'],
    ]);
    const printed = formatProblems(problems);
    expect(printed).toContain('config problems (5):');
    expect(printed).toMatch(/deploy\.yaml:6 +process\.workers: expected a whole number from 1 to 64, got 900/);
    expect(printed).toMatch(/deploy\.yaml:3 +server\.listne: unknown key\n +→ did you mean "listen"\?/);
    expect(printed).toMatch(/→ set NOT_SET_ANYWHERE for the server's process/);
  });

  it('uses the sections without mistakes when another has one, so that more can be found', () => {
    const { sections } = load('server: { listne: [] }\nprocess: { workers: 9 }\n');
    expect(sections).toMatchObject({ server: { name: 'unnamed' }, process: { workers: 9 } });
  });

  it('lays the deployment over the defaults: sections key by key, plugin instances and lists whole', () => {
    const defaults = write('default.yaml', 'server: { name: default, listen: [a, b] }\nplugins:\n  store: { use: one, with: { a: 1, b: 2 } }\n  cache: { use: keyv }\n');
    const { sections, instances, problems } = load('server: { listen: [c] }\nplugins:\n  store: { use: two, with: { b: 3 } }\n', { defaults });
    expect(problems).toEqual([]);
    expect(sections.server).toMatchObject({ name: 'default', listen: ['c'] });
    expect(instances.map(({ name, use, with: given }) => [name, use, given])).toEqual([['store', 'two', { b: 3 }], ['cache', 'keyv', undefined]]);
  });

  it('reads variables over files, as numbers and lists where the schema wants them', () => {
    const { sections, instances, problems } = load('server: { name: file }\nplugins:\n  main-store: { use: x, with: { nonceSeconds: 1 } }\n', {
      environment: {
        KALENDS_SERVER__NAME: '2026', KALENDS_PROCESS__WORKERS: '3', KALENDS_SERVER__LISTEN: '["127.0.0.1:9"]',
        KALENDS_PLUGINS__MAIN_STORE__WITH__NONCE_SECONDS: '60', KALENDS_CONFIG: 'reserved', HOME: '/nowhere',
      },
      reservedVariables: ['KALENDS_CONFIG'],
    });
    expect(problems).toEqual([]);
    expect(sections).toMatchObject({ server: { name: '2026', listen: ['127.0.0.1:9'] }, process: { workers: 3 } });
    expect(instances[0]?.with).toEqual({ nonceSeconds: '60' });
  });

  it('lets the schema spell a key that only a variable names', () => {
    const own = z.strictObject({ nonceSeconds: z.int(), 'poll-milliseconds': z.int() });
    const { instances, document } = load('plugins:\n  a: { use: x }\n', { environment: { KALENDS_PLUGINS__A__WITH__NONCE_SECONDS: '60', KALENDS_PLUGINS__A__WITH__POLL_MILLISECONDS: 'soon' } });
    const { problems } = validate(own, instances[0]?.with, document, ['plugins', 'a', 'with']);
    expect(problems).toMatchObject([{ file: 'environment KALENDS_PLUGINS__A__WITH__POLL_MILLISECONDS', message: 'expected a whole number, got "soon"' }]);
    const fixed = load('plugins:\n  a: { use: x }\n', { environment: { KALENDS_PLUGINS__A__WITH__NONCE_SECONDS: '60', KALENDS_PLUGINS__A__WITH__POLL_MILLISECONDS: '5' } });
    expect(validate(own, fixed.instances[0]?.with, fixed.document, ['plugins', 'a', 'with']).value).toEqual({ nonceSeconds: 60, 'poll-milliseconds': 5 });
  });

  it('warns about a variable that names no key, and names the variable whose value is wrong', () => {
    const { problems } = load('server: {}', { environment: { KALENDS_SERVER_NAME: 'x', KALENDS_SOAK: '5', KALENDS_PROCESS__ROLE: 'twofold' } });
    expect(problems).toMatchObject([
      { severity: 'warning', path: 'KALENDS_SERVER_NAME' },
      { severity: 'error', file: 'environment KALENDS_PROCESS__ROLE', path: 'process.role', message: 'expected "single" or "combined", got "twofold"' },
    ]);
  });

  it('puts in the place of references what they name, paths from the folder of the file', () => {
    write('key.pem', 'opensesame\n');
    const { sections, problems } = load('server: { key: { file: ./key.pem }, name: { env: WHO }, certificate: ./cert.pem }', { environment: { WHO: 'me' } });
    expect(problems).toEqual([]);
    expect(sections.server).toMatchObject({ key: 'opensesame', name: 'me', certificate: join(folder, 'cert.pem') });
  });

  it('never takes a whole `with` for a reference, only what is inside', () => {
    const { instances, problems } = load('plugins:\n  people: { use: directory-file, with: { file: ./people.yaml } }\n');
    expect(problems).toEqual([]);
    expect(instances[0]?.with).toEqual({ file: join(folder, 'people.yaml') });
  });

  it('finds them inside lists too', () => {
    const { instances, problems } = load('plugins:\n  mail: { use: imap, with: { servers: [{ name: one }, { name: { env: SECOND }, key: ./key.pem }] } }\n', { environment: { SECOND: 'two' } });
    expect(problems).toEqual([]);
    expect(instances[0]?.with).toEqual({ servers: [{ name: 'one' }, { name: 'two', key: join(folder, 'key.pem') }] });
  });

  it('says which file of a reference cannot be read', () => {
    const { problems } = load('server: { key: { file: ./absent.pem } }');
    expect(problems[0]).toMatchObject({ code: 'KRN_REFERENCE', line: 1, path: 'server.key' });
    expect(problems[0]?.message).toContain(join(folder, 'absent.pem'));
  });

  it('asks nothing of an instance that is switched off', () => {
    const { instances, problems } = load('plugins:\n  mail: { use: imap, enabled: false, with: { password: { env: UNSET } } }\n');
    expect(problems).toEqual([]);
    expect(instances).toMatchObject([{ name: 'mail', enabled: false }]);
  });

  it('warns about a secret that stands in a file and never repeats it', () => {
    const { problems } = load('server: { key: hunter2hunter2 }');
    expect(problems).toMatchObject([{ code: 'KRN_SECRET_LITERAL', severity: 'warning', path: 'server.key', line: 1 }]);
    expect(formatProblems(load('server: { key: [hunter2hunter2] }').problems)).not.toContain('hunter2');
    expect(formatProblems(load('server: hunter2hunter2').problems)).not.toContain('hunter2');
  });

  it('refuses a key that stands twice, with the line of the second', () => {
    const { problems } = load('plugins:\n  store: { use: a }\n  store: { use: b }\n');
    expect(problems).toMatchObject([{ code: 'KRN_DUPLICATE', line: 3, path: 'plugins.store', message: 'stands twice in its map, first on line 2' }]);
  });

  it('reads on behind a key that stands twice, so that all problems come at once', () => {
    const { problems, instances } = load('server: { nmae: x }\nplugins:\n  store: { use: a }\n  store: { use: b }\n  other: { use: c }\n');
    expect(problems.map(({ code, line }) => [code, line])).toEqual([['KRN_DUPLICATE', 4], ['KRN_UNKNOWN_KEY', 1]]);
    expect(instances.map(({ name }) => name)).toEqual(['store', 'other']);
  });

  it('reports broken YAML by its line and does not quote it', () => {
    const { problems } = load('server:\n  key: "hunter2\n  name: x\n');
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]).toMatchObject({ code: 'KRN_SYNTAX', severity: 'error' });
    expect(formatProblems(problems)).not.toContain('hunter2');
  });

  it('reports a file that is not there', () => {
    const { problems } = loadConfig({ schema, file: join(folder, 'absent.yaml'), environment: {} });
    expect(problems).toMatchObject([{ code: 'KRN_UNREADABLE', message: 'cannot be read (ENOENT)' }]);
  });

  it('takes an empty file and an empty section for nothing said', () => {
    expect(load('').problems).toEqual([]);
    expect(load('plugins:\n').problems).toEqual([]);
    expect(load('server:\n', { defaults: write('default.yaml', 'server: { name: kept }') }).sections.server.name).toBe('kept');
  });

  it('applies settings by path over variables, and the command line last', () => {
    const settings = write('settings.yaml', 'server.name: overlaid\nprocess.workers: 4\n');
    const { sections, document } = load('server: { name: file }', { overlay: () => settings, environment: { KALENDS_SERVER__NAME: 'variable' }, settings: { 'process.workers': 5 } });
    expect(sections).toMatchObject({ server: { name: 'overlaid' }, process: { workers: 5 } });
    expect(document.originOf(['server', 'name'])).toMatchObject({ kind: 'overlay', line: 1 });
  });

  it('looks for the settings where the config, not the working directory, says', () => {
    let below: unknown;
    const { problems } = load('server: { certificate: ./data, name: { env: LATER } }', { overlay: (document) => { below = document.get(['server', 'certificate']); return undefined; }, settings: { 'server.name': 'replaced' } });
    expect(below).toBe(join(folder, 'data'));
    expect(problems).toEqual([]);
  });

  it('warns where a setting hides a line written by hand, and refuses a secret among the settings', () => {
    const settings = write('settings.yaml', 'server.name: overlaid\nserver.key: hunter2hunter2\n');
    const { problems } = load('server:\n  name: file\n', { overlay: () => settings });
    expect(problems).toMatchObject([
      { code: 'KRN_HIDDEN', severity: 'warning', path: 'server.name' },
      { code: 'KRN_SECRET_LITERAL', severity: 'error', path: 'server.key', line: 2 },
    ]);
    expect(problems[0]?.message).toMatch(/deploy\.yaml:2$/);
  });

  it('takes keys from a program over those of the file', () => {
    const { sections, instances, document, problems } = load('server: { name: file, certificate: ./c.pem }\n', { object: { server: { name: 'program' }, plugins: { a: { use: 'x' } } } });
    expect(problems).toEqual([]);
    expect(sections.server).toMatchObject({ name: 'program', certificate: join(folder, 'c.pem') });
    expect(instances).toMatchObject([{ name: 'a', use: 'x' }]);
    expect(document.originOf(['server', 'name'])).toMatchObject({ kind: 'memory' });
  });

  it('means the same in another process', () => {
    const first = load('server: { name: { env: WHO } }\nplugins:\n  a: { use: ./x.js }\n', { environment: { WHO: 'me', KALENDS_PROCESS__WORKERS: '3' } });
    const document = ConfigDocument.revive(JSON.parse(JSON.stringify(first.document.serialize())) as SerializedDocument);
    const second = interpretConfig(document, schema);
    expect(second).toMatchObject({ sections: first.sections, instances: first.instances, problems: [] });
    expect(second.document.originOf(['server', 'name'])).toEqual(first.document.originOf(['server', 'name']));
  });

  it('keeps a key named __proto__ an unknown key', () => {
    const { problems } = load('__proto__: { polluted: true }\nserver: { __proto__: 1 }');
    expect(problems.map(({ path }) => path).toSorted()).toEqual(['__proto__', 'server.__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
