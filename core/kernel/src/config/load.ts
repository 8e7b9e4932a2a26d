/**
 * Step 1 of the boot: `default.yaml`, then the deployment's file, then `KALENDS_…` variables, then the overlay, then the command line, as one document
 * that knows where each value was written. Top sections are checked against the caller's schema; what stands under `plugins` becomes instances, whose
 * `with` is checked later, by the plugin's own schema. Nothing is thrown for what an admin wrote: it becomes a problem.
 */
import { existsSync, readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigDocument, emptyMap, isMap } from './document.ts';
import type { ConfigMap, Path } from './document.ts';
import { readEnvironment } from './environment.ts';
import { readOverlay } from './overlay.ts';
import { readPlist } from './plist.ts';
import type { PlistMapping, ReadDocument } from './plist.ts';
import { hasErrors } from './problems.ts';
import type { Problem } from './problems.ts';
import { resolveReferences } from './references.ts';
import { validate } from './validate.ts';
import { readYaml } from './yaml.ts';
import type { SourceText } from './yaml.ts';

/** One entry under `plugins`. */
export interface InstanceConfig {
  readonly name: string;
  /** Absent only where the composition knows the instance by its name. */
  readonly use: string | undefined;
  readonly enabled: boolean;
  readonly optional: boolean;
  /** Unchecked; references resolved. */
  readonly with: unknown;
  /** Absolute: what an npm specifier or a path under `use` starts from. */
  readonly folder: string;
  /** Where it stands in the document. */
  readonly path: Path;
}

export interface LoadOptions<S extends z.ZodType> {
  /** Of everything but `plugins`. Each section needs defaults, so that an empty config is a valid one. */
  readonly schema: S;
  /** Laid first. */
  readonly defaults?: string | undefined;
  /** The deployment's file: YAML, or an XML property list when its name ends in `.plist`. */
  readonly file?: string | undefined;
  /** What the keys of a property list mean. */
  readonly plist?: PlistMapping;
  /** Laid over the file: the same keys, from a program. */
  readonly object?: Readonly<Record<string, unknown>> | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** `KALENDS_` variables that are no config keys. */
  readonly reservedVariables?: readonly string[];
  /** Where the overlay lies, told from what is below it, with references resolved; it need not exist. */
  readonly overlay?: (below: ConfigDocument) => string | undefined;
  /** From the command line or a program: path joined by dots → value. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface LoadedConfig<T> {
  /** The checked sections; the schema's defaults where one has errors, so that later steps can go on collecting problems. */
  readonly sections: T;
  /** In the order of the files. */
  readonly instances: readonly InstanceConfig[];
  readonly document: ConfigDocument;
  readonly problems: readonly Problem[];
  readonly secrets: readonly string[];
}

const instanceSchema = z.strictObject({
  use: z.string().min(1).optional().describe('A built-in short name, an npm package, or a path beginning with ./'),
  enabled: z.boolean().default(true),
  optional: z.boolean().default(false),
  with: z.record(z.string(), z.unknown()).nullish(),
});

/** Instance names appear in logs, metrics and variables: lower case, digits and dashes. */
const INSTANCE_NAME = /^[a-z][a-z0-9-]*$/;

export function loadConfig<S extends z.ZodType>(options: LoadOptions<S>): LoadedConfig<z.output<S>> {
  const environment = options.environment ?? process.env;
  const document = new ConfigDocument(emptyMap());
  const problems: Problem[] = [];
  const lay = (read: ReadDocument): void => {
    document.lay(read.document);
    problems.push(...read.problems);
  };

  if (options.defaults !== undefined) lay(readConfigFile(options.defaults, options.plist));
  if (options.file !== undefined) lay(readConfigFile(options.file, options.plist));
  if (options.object !== undefined) lay({ document: ofObject(options.object), problems: [] });
  lay(readEnvironment({ environment, below: document, reserved: options.reservedVariables ?? [], folder: process.cwd() }));
  // The overlay lies where the config says, so its paths must be whole; what cannot be resolved yet is reported below, unless the overlay or a flag replaces it.
  resolveReferences(document, environment);
  const overlay = options.overlay?.(document);
  if (overlay !== undefined && existsSync(overlay)) lay(withText(overlay, (source) => readOverlay(source, document)));
  for (const [key, value] of Object.entries(options.settings ?? {})) {
    if (value !== undefined) document.set(key.split('.'), value, { kind: 'command-line', source: 'command line', folder: process.cwd() });
  }
  problems.push(...resolveReferences(document, environment));
  const loaded = interpretConfig(document, options.schema);
  return { ...loaded, problems: [...problems, ...loaded.problems] };
}

/** What a document says, checked: the second half of `loadConfig`, for a document that came from another process. */
export function interpretConfig<S extends z.ZodType>(document: ConfigDocument, schema: S): LoadedConfig<z.output<S>> {
  const { plugins = {}, ...top } = document.value;
  const sections = validate(schema, top, document, []);
  const instances = readInstances(plugins, document);
  return {
    sections: 'value' in sections ? (sections.value as z.output<S>) : soundSections(schema, top, sections.problems),
    instances: instances.instances, document, problems: [...sections.problems, ...instances.problems], secrets: sections.secrets,
  };
}

/** What can be used of a config with errors, so that later steps can go on collecting problems: the defaults, and the sections that have none. */
function soundSections<S extends z.ZodType>(schema: S, top: ConfigMap, problems: readonly Problem[]): z.output<S> {
  const broken = new Set(problems.map(({ path }) => path.split(/[.[]/, 1)[0]));
  const sound = schema.safeParse(Object.fromEntries(Object.entries(top).filter(([key]) => !broken.has(key))));
  return sound.success ? sound.data : schema.parse({});
}

/** One file, by its name YAML or a property list. */
export function readConfigFile(file: string, plist?: PlistMapping): ReadDocument {
  return withText(resolve(file), (source) => (file.endsWith('.plist') && plist !== undefined ? readPlist(source, plist) : readYaml(source)));
}

function withText(file: string, read: (source: SourceText) => ReadDocument): ReadDocument {
  const shown = shortest(file);
  try {
    return read({ file, shown, text: readFileSync(file, 'utf8') });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const message = code === undefined ? String(error) : `cannot be read (${code})`;
    const remedy = code === 'ENOENT' ? 'give the path of an existing file after -f' : undefined;
    return { document: new ConfigDocument(), problems: [{ code: 'KRN_UNREADABLE', severity: 'error', file: shown, path: '', message, remedy }] };
  }
}

/** A copy: the document is laid upon and edited. */
function ofObject(object: Readonly<Record<string, unknown>>): ConfigDocument {
  const document = new ConfigDocument(structuredClone(object));
  document.setOrigin([], { kind: 'memory', source: 'program', folder: process.cwd() });
  for (const key of Object.keys(object)) document.setOrigin([key], { kind: 'memory', source: 'program', folder: process.cwd() });
  return document;
}

function readInstances(plugins: unknown, document: ConfigDocument): { readonly instances: readonly InstanceConfig[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const instances: InstanceConfig[] = [];
  if (plugins === null) return { instances, problems };
  if (!isMap(plugins)) return { instances, problems: [...validate(z.record(z.string(), z.unknown()), plugins, document, ['plugins']).problems] };
  for (const [name, value] of Object.entries(plugins)) {
    const path = ['plugins', name];
    const origin = document.originOf(path);
    if (!INSTANCE_NAME.test(name)) {
      problems.push({ code: 'KRN_BAD_VALUE', severity: 'error', file: origin?.source, line: origin?.line, path: path.join('.'), message: 'not a name for a plugin instance', remedy: 'use lower case letters, digits and dashes, beginning with a letter' });
    }
    const checked = validate(instanceSchema, value, document, path);
    problems.push(...checked.problems);
    if (hasErrors(checked.problems) || checked.value === undefined) continue;
    const { use, enabled, optional, with: given } = checked.value;
    const folder = document.originOf([...path, 'use'])?.folder ?? origin?.folder ?? process.cwd();
    instances.push({ name, use, enabled, optional, with: given ?? undefined, folder, path });
  }
  return { instances, problems };
}

/** Names a file as an admin would: relative when it lies below the working directory. */
function shortest(file: string): string {
  const path = relative(process.cwd(), file);
  return path.startsWith('..') ? file : path;
}
