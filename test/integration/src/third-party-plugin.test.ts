/** R80: a plugin in a folder outside the repository is named in a config and works; a broken one is refused with a sentence that says what to do. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execute } from './programs.ts';
import { root, startServerProcess } from './server-process.ts';

const CARDS = `
import { authenticator } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import { z } from 'zod';

export default definePlugin({
  name: 'acme-cards', api: 1, summary: 'Lets holders of a card in.',
  config: z.strictObject({ cards: z.record(z.string(), z.string()) }),
  provides: { cards: authenticator }, requires: {},
  setup({ config }) {
    return { cards: {
      scheme: 'Card',
      challenge: async () => ['Card realm="acme"'],
      authenticate: async ({ headers }) => {
        const match = /^Card (\\S+)$/.exec(headers.authorization ?? '');
        if (match === null) return { kind: 'not-mine' };
        const account = config.cards[match[1]];
        return account === undefined ? { kind: 'rejected', reason: 'unknown card' } : { kind: 'accepted', account };
      },
    } };
  },
});
`;
const MOOD = `
import { davFeature } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import { z } from 'zod';

const name = { ns: 'http://acme.example/', local: 'mood' };
export default definePlugin({
  name: '@acme/mood', api: 1, summary: 'Tells the mood of a calendar.',
  config: z.strictObject({ mood: z.string() }), provides: { mood: davFeature }, requires: {},
  setup: ({ config }) => ({ mood: {
    name: 'mood', compliance: ['acme-mood'],
    properties: [{ name, kinds: ['calendar'], write(xml) { xml.open(name); xml.text(config.mood); xml.close(); return true; } }],
  } }),
});
`;

describe('a third-party plugin', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kalends-acme-'));
    // As npm install would leave it: the house's packages, and zod, beside the config.
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    for (const [name, text] of [['cards', CARDS], ['mood', MOOD]] as const) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'package.json'), JSON.stringify({ name: `acme-${name}`, type: 'module', exports: './index.js' }));
      await writeFile(join(folder, name, 'index.js'), text);
    }
    await writeFile(join(folder, 'people.yaml'), 'users:\n  - { id: 6BA7B810-9DAD-11D1-80B4-00C04FD430C8, name: dora, display-name: Dora }\n');
  });
  afterAll(async () => { await rm(folder, { recursive: true, force: true }); });

  const config = async (name: string, plugins: string): Promise<string> => {
    await writeFile(join(folder, name), [
      'server:', '  listen: ["127.0.0.1:8008"]', 'plugins:',
      '  store: { use: storage-flat-file }', '  people: { use: directory-file, with: { file: ./people.yaml } }', '  cache: { use: cache-keyv }',
      '  channel: { use: channel-ipc }', '  jobs: { use: jobs-store }', plugins, '',
    ].join('\n'));
    return join(folder, name);
  };

  it('brings a way to log in and a property', async () => {
    const file = await config('good.yaml', '  cards: { use: ./cards, with: { cards: { "4711": dora } } }\n  mood: { use: ./mood, with: { mood: cheerful } }');
    await using server = await startServerProcess({ config: file });
    const ask = (authorization: string): Promise<Response> => fetch(`${server.url}/calendars/users/dora/calendar/`, {
      method: 'PROPFIND', headers: { Authorization: authorization, Depth: '0' }, body: '<propfind xmlns="DAV:"><prop><m:mood xmlns:m="http://acme.example/"/></prop></propfind>',
    });
    const answer = await ask('Card 4711');
    expect(answer.status).toBe(207);
    expect(await answer.text()).toContain('cheerful');
    const refused = await ask('Card 0000');
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toContain('Card realm="acme"');
    const options = await fetch(`${server.url}/calendars/users/dora/`, { method: 'OPTIONS', headers: { Authorization: 'Card 4711' } });
    expect(options.headers.get('dav')).toContain('acme-mood');
  });

  const check = (file: string) => execute(process.execPath, [join(root, 'core', 'server', 'bin', 'caldavd.js'), '-f', file, '--foreground', '--http-port', '0', '--data', join(folder, 'data')]);

  it.each([
    ['is not there', './absent', /absent/],
    ['exports no plugin', './empty', /default/i],
    ['breaks when loaded', './throws', /throws on purpose/],
    ['was written for another api', './future', /api/],
    ['is a package that is not installed', '@acme/not-installed', /npm install @acme\/not-installed/],
  ])('that %s is refused with a sentence', async (_, use, sentence) => {
    for (const [name, text] of [['empty', 'export const nothing = 1;'], ['throws', "throw new Error('throws on purpose');"], ['future', CARDS.replace('api: 1', 'api: 99')]] as const) {
      await mkdir(join(folder, name), { recursive: true });
      await writeFile(join(folder, name, 'package.json'), JSON.stringify({ name: `acme-${name}`, type: 'module', exports: './index.js' }));
      await writeFile(join(folder, name, 'index.js'), text);
    }
    const file = await config('broken.yaml', `  basic: { use: auth-basic }\n  broken: { use: "${use}" }`);
    const { code, stderr, stdout } = await check(file);
    expect(code).toBe(78);
    expect(stderr + stdout).toMatch(/broken\.yaml:\d+ {2}plugins\.broken/);
    expect(stderr + stdout).toMatch(sentence);
    expect(stderr + stdout).toContain('→');
  });

  it('that shares the config with four other mistakes is one of five problems, each with its line', async () => {
    await writeFile(join(folder, 'five.yaml'), [
      'server:', '  listen: ["127.0.0.1:8008"]', '  publc-url: http://x.example/', 'process:', '  role: singel', 'plugins:',
      '  store: { use: storage-flat-file, with: { shards: many } }', '  people: { use: directory-file, with: { file: ./people.yaml } }', '  cache: { use: cache-keyv }',
      '  channel: { use: channel-ipc }', '  jobs: { use: jobs-store }', '  basic: { use: auth-basic, with: { relm: x } }', '  broken: { use: "@acme/not-installed" }', '',
    ].join('\n'));
    const { code, stderr, stdout } = await check(join(folder, 'five.yaml'));
    expect(code).toBe(78);
    const text = stderr + stdout;
    for (const line of [3, 5, 7, 12, 13]) expect(text).toMatch(new RegExp(`five\\.yaml:${String(line)}\\b`));
    expect(text).toContain('config problems (5)');
  });
});
