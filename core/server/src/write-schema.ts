/** `npm run schema --workspace @kalends/server`: writes `config/schema.json`, which editors use and a test keeps fresh. Run when a plugin's config changes. */
import { writeFileSync } from 'node:fs';
import { shippedConfig } from './config-files.ts';
import { configJsonSchema } from './json-schema.ts';

writeFileSync(shippedConfig('schema.json'), `${JSON.stringify(await configJsonSchema(), undefined, 2)}\n`);
