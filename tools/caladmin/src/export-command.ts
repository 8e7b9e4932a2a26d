/** `export`: every object of a calendar as the file it is, octet for octet, into a folder. Nothing there is replaced unless asked. */
import { createWriteStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { OK, USAGE } from './exit-codes.ts';
import { calendarsOf, findOwner, homeOf, named, NotFound } from './find-calendar.ts';
import type { OpenDeployment } from './open-deployment.ts';
import type { Output } from './output.ts';

export interface ExportOptions { readonly user: string; readonly calendar: string; readonly to: string; readonly overwrite: boolean }

export async function exportCalendar({ store, directory }: OpenDeployment, options: ExportOptions, output: Output): Promise<number> {
  const owner = await findOwner(directory, options.user);
  const home = await homeOf(store, directory, owner);
  const calendars = await calendarsOf(store, home);
  const collection = named(calendars, options.calendar);
  if (collection === undefined) throw new NotFound(`${owner.displayName} has no calendar ${options.calendar}; there are ${calendars.map(({ segment }) => segment).join(', ')}`);
  await mkdir(options.to, { recursive: true });
  if (!options.overwrite && (await readdir(options.to)).length > 0) {
    output.complain(`${options.to} is not empty; --overwrite writes into it all the same`);
    return USAGE;
  }
  let count = 0;
  for await (const batch of store.listItems(collection.id, {})) {
    for (const { name } of batch) {
      const body = await store.openBody({ collection: collection.id, name });
      if (body === undefined) continue;
      await pipeline(Readable.from(body), createWriteStream(join(options.to, fileName(name))));
      count++;
    }
  }
  output.value({ objects: count, folder: options.to });
  output.line(`${String(count)} objects written to ${options.to}`);
  return OK;
}

/** An item's name is a URL segment: it has no slash, but may be a name that file systems keep to themselves. */
function fileName(name: string): string {
  return encodeURIComponent(name).replaceAll('%40', '@').replaceAll('%20', ' ').replace(/^\./, '%2e').slice(0, 240);
}
