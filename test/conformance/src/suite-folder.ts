/** The folder that holds a suite: `scripts/tests/CalDAV/*.xml`, the files they name, `scripts/server/serverinfo.xml`. It is not part of this repository. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AREAS } from './areas.ts';

export const packageFolder = join(dirname(fileURLToPath(import.meta.url)), '..');
export const repository = join(packageFolder, '..', '..');
const SCRIPTS = join('scripts', 'tests', 'CalDAV');

/** `$CALDAVTESTER`, else `shared/data/caldavtester` beside the repository; undefined where there is neither. */
export function defaultSuiteFolder(): string | undefined {
  const folder = process.env['CALDAVTESTER'] ?? join(repository, '..', 'shared', 'data', 'caldavtester');
  return existsSync(join(folder, SCRIPTS)) ? folder : undefined;
}

export function scriptFile(folder: string, script: string): string {
  return join(folder, SCRIPTS, `${script}.xml`);
}

export type Selection = readonly (readonly [area: string, scripts: readonly string[]])[];

/** Scripts by area; those of none under `other`. @throws Error naming an area or script that there is not */
export async function selectScripts(folder: string, areas: readonly string[], scripts: readonly string[]): Promise<Selection> {
  const present = (await readdir(join(folder, SCRIPTS))).filter((name) => name.endsWith('.xml')).map((name) => name.slice(0, -4)).sort();
  const unknown = [...areas.filter((area) => AREAS[area] === undefined), ...scripts.filter((script) => !present.includes(script))];
  if (unknown.length > 0) throw new Error(`no such area or script: ${unknown.join(', ')}; areas are ${Object.keys(AREAS).join(', ')}`);
  const areaOf = (script: string): string => Object.keys(AREAS).find((area) => AREAS[area]!.includes(script)) ?? 'other';
  const wanted = present.filter((script) => scripts.includes(script) || areas.includes(areaOf(script)) || (areas.length === 0 && scripts.length === 0));
  return [...new Set(wanted.map(areaOf))].sort().map((area) => [area, wanted.filter((script) => areaOf(script) === area)]);
}
