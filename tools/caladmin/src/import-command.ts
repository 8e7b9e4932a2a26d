/** `import`: finds the calendar (or makes it), imports files and folders of files, shows progress, and reports on every object; the sums add up. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Collection, Home } from '@kalends/contracts';
import { Presets, SingleBar } from 'cli-progress';
import { SUPPORTED_COMPONENTS, storedComponents, STORABLE } from '@kalends/caldav';
import { clark, dav, storedText } from '@kalends/webdav';
import { OK, PARTLY, USAGE } from './exit-codes.ts';
import { calendarsOf, findOwner, homeOf, named } from './find-calendar.ts';
import { FileImport } from './import-files.ts';
import type { ObjectReport } from './import-files.ts';
import type { OpenDeployment } from './open-deployment.ts';
import { table } from './output.ts';
import type { Output } from './output.ts';

export interface ImportOptions { readonly user: string; readonly calendar: string; readonly replace: boolean; readonly verbose: boolean }

export async function importFiles(deployment: OpenDeployment, paths: readonly string[], options: ImportOptions, output: Output): Promise<number> {
  const files = (await Promise.all(paths.map(calendarFilesIn))).flat();
  if (files.length === 0) {
    output.complain(`there is no .ics file in ${paths.join(', ')}`);
    return USAGE;
  }
  const owner = await findOwner(deployment.directory, options.user);
  const home = await homeOf(deployment.store, deployment.directory, owner);
  const found = named(await calendarsOf(deployment.store, home), options.calendar);
  const collection = found ?? await make(deployment, home, options.calendar);
  if (found === undefined) output.line(`made calendar ${collection.segment} for ${owner.displayName}`);

  const bar = output.terminal ? new SingleBar({ format: 'importing {bar} {value}/{total} files', stream: process.stderr }, Presets.shades_classic) : undefined;
  bar?.start(files.length, 0);
  const task = new FileImport(deployment, { owner, home, collection, replace: options.replace });
  const reports: ObjectReport[] = [];
  for (const file of files) {
    for await (const report of task.run(file)) reports.push(report);
    bar?.increment();
  }
  bar?.stop();
  const count = (outcome: ObjectReport['outcome']): number => reports.filter((report) => report.outcome === outcome).length;
  const sums = { files: files.length, objects: reports.length, stored: count('stored'), amended: count('amended'), replaced: count('replaced'), unchanged: count('unchanged'), refused: count('refused') };
  output.value({ ...sums, reports });
  const shown = options.verbose ? reports : reports.filter(({ outcome }) => outcome === 'refused');
  for (const line of table(shown.map(rowOf))) output.line(line);
  output.line(`${String(sums.objects)} objects in ${String(sums.files)} files: ${String(sums.stored)} stored, ${String(sums.amended)} stored after a repair, ${String(sums.replaced)} replaced, ${String(sums.unchanged)} there already, ${String(sums.refused)} refused`);
  return sums.refused === 0 ? OK : PARTLY;
}

function rowOf({ file, line, uid, outcome, condition, reason }: ObjectReport): readonly string[] {
  return [outcome, line === undefined ? file : `${file}:${String(line)}`, uid ?? '', [condition, reason].filter((part) => part !== undefined).join(': ')];
}

/** The file itself, or every .ics below the folder. */
async function calendarFilesIn(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() !== true) return [path];
  return (await readdir(path, { recursive: true })).filter((name) => /\.(ics|ical|ifb|icalendar)$/i.test(name)).sort().map((name) => join(path, name));
}

async function make({ store, deployment }: OpenDeployment, home: Home, name: string): Promise<Collection> {
  const segment = /^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$/.test(name) ? name : name.normalize('NFC').replaceAll(/[\p{Cc}/]+/gu, '-').slice(0, 60);
  const { limits } = deployment;
  const { value } = await store.write(home.id, { octets: limits.homeOctets, collections: limits.calendarsPerHome, itemsPerCollection: limits.itemsPerCalendar, attachmentsPerItem: limits.attachmentsPerItem },
    (tx) => tx.createCollection(home.root.id, {
      segment, kind: 'calendar',
      properties: new Map([[clark(dav('displayname')), storedText(dav('displayname'), name)], [clark(SUPPORTED_COMPONENTS), storedComponents(STORABLE)]]),
    }));
  const made = (await store.findCollections([value])).get(value);
  if (made === undefined) throw new Error('the calendar was made and cannot be found');
  return made;
}
