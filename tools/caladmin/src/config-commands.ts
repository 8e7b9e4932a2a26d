/**
 * `config check | show | convert` and `plugins`: what can be said about a deployment without touching a network or writing to its data.
 */
import { documentToYaml, formatProblems, hasErrors, KernelError, reasonOf, schemaOf, showConfig } from '@kalends/kernel';
import type { Problem } from '@kalends/kernel';
import { configSchema, dataRootOf, prepareServer, readConfig } from '@kalends/server';
import type { PreparedServer } from '@kalends/server';
import { CONFIG, OK } from './exit-codes.ts';
import { table } from './output.ts';
import type { Output } from './output.ts';

async function prepare(file: string): Promise<PreparedServer> {
  const loaded = readConfig({ file });
  return prepareServer(loaded, { file, dataRoot: dataRootOf(loaded.sections) });
}

/** Steps 1 to 5 of the boot; every problem at once. */
export async function checkConfig(file: string, output: Output): Promise<number> {
  const prepared = await prepare(file);
  let problems: readonly Problem[] = prepared.problems;
  try {
    await prepared.setUp();
  } catch (error) {
    const found = error instanceof KernelError ? error.problems : [];
    problems = found.length === 0 ? [...problems, { code: 'KRN_SETUP', severity: 'error', file, path: '', message: reasonOf(error) }] : error instanceof KernelError && error.code === 'KRN_CONFIG' ? found : [...found, ...problems];
  }
  output.value({ ok: !hasErrors(problems), problems });
  output.line(problems.length === 0 ? `${file}: no problems` : formatProblems(problems));
  return hasErrors(problems) ? CONFIG : OK;
}

/** Each value with the place it comes from; secrets hidden. */
export async function showEffectiveConfig(file: string, output: Output): Promise<number> {
  const { loaded, plan } = await prepare(file);
  const schemas = new Map(plan.listed.map(({ name, definition }) => [name, schemaOf(definition.config)]));
  const values = showConfig(loaded.document, schemaOf(configSchema), schemas);
  output.value(values);
  for (const line of table(values.map(({ path, value, origin }) => [path, value, origin === '' ? '' : `# ${origin}`]))) output.line(line);
  return OK;
}

/** A classic property list (or any config) as YAML. */
export function convertConfig(file: string, output: Output): number {
  const { document, problems } = readConfig({ file, environment: {} });
  const text = documentToYaml(document);
  output.value({ yaml: text, problems });
  output.line(text.trimEnd());
  if (problems.length > 0) output.complain(formatProblems(problems));
  return hasErrors(problems) ? CONFIG : OK;
}

export async function listPlugins(file: string, output: Output): Promise<number> {
  const { plan, problems } = await prepare(file);
  const points = (of: Readonly<Record<string, { readonly id: string }>>): readonly string[] => Object.values(of).map(({ id }) => id);
  const plugins = [
    ...plan.listed.map(({ name, definition }) => ({
      instance: name, plugin: definition.name, state: 'enabled', summary: definition.summary, provides: points(definition.provides), requires: points(definition.requires),
    })),
    ...plan.absent.map(({ name, plugin, state, detail }) => ({ instance: name, plugin, state, summary: detail ?? '', provides: [], requires: [] })),
  ];
  output.value(plugins);
  for (const line of table([['INSTANCE', 'PLUGIN', 'STATE', 'PROVIDES', 'SUMMARY'], ...plugins.map((one) => [one.instance, one.plugin, one.state, one.provides.join(', '), one.summary])])) output.line(line);
  if (problems.length > 0) output.complain(formatProblems(problems));
  return hasErrors(problems) ? CONFIG : OK;
}
