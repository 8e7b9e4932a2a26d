import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { schemaOf } from './schema-node.ts';
import { secret } from './secret.ts';
import { showConfig } from './show.ts';
import { readYaml } from './yaml.ts';
import { resolveReferences } from './references.ts';

describe('showConfig', () => {
  it('names the origin of each value and hides secrets, declared or only named so', () => {
    const { document } = readYaml({
      file: '/x/deploy.yaml', shown: 'deploy.yaml',
      text: [
        'server:', '  name: x', '  key: { env: KEY }', 'plugins:', '  mail:', '    use: imap', '    with:', '      host: h', '      pin: hunter2', '      pni: hunter2',
        '      smtp-password: hunter2', '  other:', '    use: unknown', '    with: { a: hunter2 }',
      ].join('\n'),
    });
    resolveReferences(document, { KEY: 'hunter2' });
    const mail = schemaOf(z.strictObject({ host: z.string(), pin: secret(), 'smtp-password': z.string() }));
    const shown = showConfig(document, schemaOf(z.strictObject({ server: z.strictObject({ name: z.string(), key: secret() }) })), new Map([['mail', mail]]));
    expect(shown.map(({ path, value, origin }) => `${origin} ${path} = ${value}`)).toEqual([
      'deploy.yaml:2 server.name = "x"', 'deploy.yaml:3 server.key = { env: KEY }', 'deploy.yaml:6 plugins.mail.use = "imap"',
      'deploy.yaml:8 plugins.mail.with.host = "h"', 'deploy.yaml:9 plugins.mail.with.pin = (secret)', 'deploy.yaml:10 plugins.mail.with.pni = (secret)',
      'deploy.yaml:11 plugins.mail.with.smtp-password = (secret)', 'deploy.yaml:13 plugins.other.use = "unknown"', 'deploy.yaml:14 plugins.other.with.a = (secret)',
    ]);
  });
});
