/**
 * JSON Schema of a deployment's config, for editors: the top sections, and under `plugins` one shape for each built-in, told apart by `use`. `npm run schema`
 * writes it to `config/schema.json`.
 */
import { resolveUse, schemaOf } from '@kalends/kernel';
import type { SchemaNode } from '@kalends/kernel';
import { builtins, choiceNames, coreNames } from './builtins.ts';
import { configSchema } from './config-schema.ts';

/** @throws Error when a built-in cannot be loaded */
export async function configJsonSchema(): Promise<object> {
  const top = schemaOf(configSchema);
  const choices = await Promise.all(choiceNames.map(async (name) => ({ name, schema: await schemaOfBuiltin(name) })));
  const core = await Promise.all(coreNames.map(async (name) => [name, instanceOf({ const: name }, await schemaOfBuiltin(name), false)] as const));
  const instance = {
    oneOf: [
      ...choices.map(({ name, schema }) => instanceOf({ const: name }, schema, true)),
      instanceOf({ type: 'string', not: { enum: choiceNames }, description: 'An npm package found from this file\'s folder, or a path beginning with ./' }, { type: 'object' }, true),
    ],
  };
  return {
    ...top,
    $id: 'https://kalends.example/config/schema.json',
    title: 'Kalends configuration',
    properties: {
      ...top.properties,
      plugins: { type: 'object', description: 'Named instances; what each is for is told by the plugin it uses.', properties: Object.fromEntries(core), additionalProperties: instance },
    },
  };
}

function instanceOf(use: object, schema: object, needsUse: boolean): object {
  const allowed = { anyOf: [schema, { type: 'null' }] };
  return {
    type: 'object',
    properties: { use, enabled: { type: 'boolean', default: true }, optional: { type: 'boolean', default: false }, with: allowed },
    ...(needsUse ? { required: ['use'] } : {}),
    additionalProperties: false,
  };
}

async function schemaOfBuiltin(name: string): Promise<SchemaNode> {
  const found = await resolveUse(name, process.cwd(), builtins);
  if (!found.ok) throw new Error(`${name}: ${found.message}`);
  const { $schema: _, ...schema } = schemaOf(found.definition.config) as SchemaNode & { readonly $schema?: string };
  return { description: found.definition.summary, ...schema };
}
