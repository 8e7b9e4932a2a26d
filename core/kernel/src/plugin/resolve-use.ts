/**
 * `use:` → a plugin's definition. The only dynamic import() in the house.
 *
 * A name is a built-in's short name, an npm specifier resolved from the folder of the file it stands in, or a path beginning with `./` or `/`. No prefixes,
 * no guessing, no global fallback. `#name` at the end picks a named export instead of the default one. Whatever goes wrong becomes one sentence and what to do.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { moduleResolve } from 'import-meta-resolve';
import type { ProblemCode } from '../config/problems.ts';
import { nearest } from '../config/suggest.ts';
import { reasonOf } from '../errors.ts';
import type { PluginDefinition } from './define-plugin.ts';

/** The version of the plugin surface this kernel speaks. */
export const PLUGIN_API = 1;

/** Short name → where the module is: an npm specifier (with `#export` where needed) and the module that may import it. */
export interface Builtin {
  readonly specifier: string;
  /** `import.meta.url` of who lists it. */
  readonly from: string;
}
export type Builtins = ReadonlyMap<string, Builtin>;

export type UseResult =
  | { readonly ok: true; readonly definition: PluginDefinition; /** File URL. */ readonly url: string }
  | { readonly ok: false; readonly code: ProblemCode; readonly message: string; readonly remedy: string };

/** @param folder absolute: of the config file */
export async function resolveUse(use: string, folder: string, builtins: Builtins = new Map()): Promise<UseResult> {
  const builtin = builtins.get(use);
  const { specifier, name } = split(builtin?.specifier ?? use);
  const located = builtin === undefined ? locate(specifier, folder, [...builtins.keys()]) : locateBuiltin(use, specifier, builtin.from);
  if (!('url' in located)) return { ok: false, code: 'KRN_USE', ...located };
  let module: Readonly<Record<string, unknown>>;
  try {
    module = await import(/* @vite-ignore */ located.url) as Readonly<Record<string, unknown>>;
  } catch (error) {
    return { ok: false, code: 'KRN_BROKEN_MODULE', ...whyBroken(use, located.url, error) };
  }
  const wrong = whyNoPlugin(module[name], use, name);
  return wrong === undefined
    ? { ok: true, definition: module[name] as PluginDefinition, url: located.url }
    : { ok: false, ...wrong };
}

type Located = { readonly url: string } | { readonly message: string; readonly remedy: string };

function split(use: string): { readonly specifier: string; readonly name: string } {
  const at = use.lastIndexOf('#');
  return at <= 0 ? { specifier: use, name: 'default' } : { specifier: use.slice(0, at), name: use.slice(at + 1) };
}

function locateBuiltin(use: string, specifier: string, from: string): Located {
  try {
    return { url: moduleResolve(specifier, new URL(from), conditions()).href };
  } catch {
    return { message: `the built-in plugin ${use} needs the package ${specifier}, which is not installed`, remedy: `npm install ${specifier} beside the server` };
  }
}

function locate(specifier: string, folder: string, shortNames: readonly string[]): Located {
  if (specifier.startsWith('./') || specifier.startsWith('../') || isAbsolute(specifier)) return locatePath(resolve(folder, specifier));
  try {
    return { url: moduleResolve(specifier, pathToFileURL(join(folder, 'config.js')), conditions()).href };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ERR_MODULE_NOT_FOUND') {
      return { message: `the package "${specifier}" cannot be entered: ${firstLine(reasonOf(error))}`, remedy: `look at "exports" in its package.json, or ask its author` };
    }
    const meant = nearest(specifier, shortNames);
    return {
      message: `cannot find package "${specifier}" from ${folder}`,
      remedy: meant === undefined ? `npm install ${specifier} in that folder, or give a path beginning with ./` : `did you mean the built-in "${meant}"? Otherwise npm install ${specifier} in that folder`,
    };
  }
}

/** A file, or a folder with a package.json or an index file; TypeScript sources run as they are. */
function locatePath(path: string): Located {
  if (!existsSync(path)) return { message: `there is nothing at ${path}`, remedy: 'a path under `use` starts from the folder of the config file; correct it or build the plugin' };
  if (!statSync(path).isDirectory()) return { url: pathToFileURL(path).href };
  if (existsSync(join(path, 'package.json'))) {
    // A package's own "exports" (or "main") decide, as if it were installed.
    const entry = entryOfPackage(path);
    if (entry !== undefined) return { url: entry };
  }
  for (const name of ['index.js', 'index.ts', 'src/index.ts']) if (existsSync(join(path, name))) return { url: pathToFileURL(join(path, name)).href };
  return { message: `${path} has neither a package.json that names a file which exists nor an index file`, remedy: 'build the plugin, or name its file' };
}

function entryOfPackage(folder: string): string | undefined {
  try {
    // A package may import itself by its name where it has "exports"; else its "main" is found like a relative path.
    const { name, exports, main } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: string; exports?: unknown; main?: string };
    const url = exports !== undefined && name !== undefined
      ? moduleResolve(name, pathToFileURL(join(folder, 'package.json')), conditions()).href
      : main === undefined ? undefined : pathToFileURL(join(folder, main)).href;
    return url !== undefined && existsSync(fileURLToPath(url)) ? url : undefined;
  } catch {
    return undefined;
  }
}

function whyBroken(use: string, url: string, error: unknown): { readonly message: string; readonly remedy: string } {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const missing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  return {
    message: `${use} was found at ${pathOf(url)} but could not be loaded: ${firstLine(reasonOf(error))}`,
    remedy: missing ? 'install what it imports (npm install in its folder), or build it' : 'repair the module or ask its author; loading it must not fail and must do nothing',
  };
}

function whyNoPlugin(value: unknown, use: string, name: string): { readonly code: ProblemCode; readonly message: string; readonly remedy: string } | undefined {
  const what = name === 'default' ? 'default export' : `export named "${name}"`;
  if (typeof value !== 'object' || value === null) {
    return { code: 'KRN_BROKEN_MODULE', message: `${use} has no ${what} that is a plugin`, remedy: `its module needs: export default definePlugin({ … })` };
  }
  const plugin = value as Partial<PluginDefinition>;
  if (plugin.api !== PLUGIN_API) {
    return { code: 'KRN_API', message: `${use} was written for version ${JSON.stringify(plugin.api) ?? 'unknown'} of the plugin surface, this server has version ${PLUGIN_API}`, remedy: `install a release of ${plugin.name ?? use} that says api: ${PLUGIN_API}` };
  }
  const lacking = [
    ...(typeof plugin.name === 'string' && plugin.name !== '' ? [] : ['name']), ...(typeof plugin.summary === 'string' ? [] : ['summary']),
    ...(typeof plugin.config?.safeParse === 'function' ? [] : ['config (a zod schema)']), ...(arePoints(plugin.provides) ? [] : ['provides (extension points)']),
    ...(arePoints(plugin.requires) ? [] : ['requires (extension points)']), ...(typeof plugin.setup === 'function' ? [] : ['setup']),
  ];
  if (lacking.length === 0) return undefined;
  return { code: 'KRN_BROKEN_MODULE', message: `the ${what} of ${use} is no complete plugin: ${lacking.join(', ')} missing or wrong`, remedy: 'make it with definePlugin({ … }), which checks this while compiling' };
}

function arePoints(value: unknown): boolean {
  return typeof value === 'object' && value !== null
    && Object.values(value).every((point: unknown) => typeof point === 'object' && point !== null && 'id' in point && typeof point.id === 'string' && 'arity' in point && ['one', 'optional', 'many'].includes(String(point.arity)));
}

/** What this process resolves with: Node's own, and those given by `--conditions`. */
function conditions(): Set<string> {
  const args = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)];
  const given = args.flatMap((arg, index) => (arg === '--conditions' || arg === '-C' ? [args[index + 1] ?? ''] : arg.startsWith('--conditions=') ? [arg.slice('--conditions='.length)] : []));
  return new Set(['node', 'import', ...given.filter((condition) => condition !== '')]);
}

function pathOf(url: string): string {
  return url.startsWith('file:') ? fileURLToPath(url) : url;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
