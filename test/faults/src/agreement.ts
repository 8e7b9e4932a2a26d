/**
 * Do index and files say the same? Names, octets, ETags and the ids in the sidecars, both ways, of one home whose names are plain (no escapes). Looks with
 * its own eyes: nothing of the store's file code is used.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CalendarStore, Collection, PrincipalId } from '@kalends/contracts';

/** Sentences about what differs; none when all is well. */
export async function disagreements(root: string, store: CalendarStore, owner: PrincipalId): Promise<readonly string[]> {
  const home = await store.findHome(owner);
  const folder = homeFolder(root, owner);
  if (home === undefined || folder === undefined) return home === undefined && folder === undefined ? [] : [`home of ${owner}: index ${home?.id}, folder ${folder}`];
  return compare(store, home.root, folder, '');
}

/** `calendars/__uids__/<ab>/<cd>/<id>`, found by its name. */
export function homeFolder(root: string, owner: PrincipalId): string | undefined {
  const uids = join(root, 'calendars', '__uids__');
  for (const first of readdirSync(uids)) for (const second of readdirSync(join(uids, first))) if (existsSync(join(uids, first, second, owner))) return join(uids, first, second, owner);
  return undefined;
}

async function compare(store: CalendarStore, collection: Collection, folder: string, path: string): Promise<readonly string[]> {
  if (!existsSync(folder)) return [`${path}/: no folder`];
  const wrong: string[] = [];
  const sidecar = join(folder, '.collection.json');
  const id = existsSync(sidecar) ? (JSON.parse(readFileSync(sidecar, 'utf8')) as { readonly id?: string }).id : undefined;
  if (id !== collection.id) wrong.push(`${path}/: sidecar says ${id}, index ${collection.id}`);
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'));
  const files = new Set(entries.filter((entry) => entry.isFile()).map(({ name }) => name));
  const folders = new Set(entries.filter((entry) => entry.isDirectory()).map(({ name }) => name));
  for await (const batch of store.listItems(collection.id, { body: true, meta: true })) {
    for (const { name, etag, body, meta } of batch) {
      if (etagOf(body!) !== etag || body!.length !== meta!.size) wrong.push(`${path}/${name}: body is not of ETag ${etag}`);
      if (!files.delete(name)) wrong.push(`${path}/${name}: no file`);
      else if (etagOf(readFileSync(join(folder, name))) !== etag) wrong.push(`${path}/${name}: the file is not of ETag ${etag} (revision ${meta!.revision})`);
    }
  }
  for (const child of await store.listCollections(collection.id, 1)) {
    folders.delete(child.segment);
    wrong.push(...await compare(store, child, join(folder, child.segment), `${path}/${child.segment}`));
  }
  return [...wrong, ...[...files].map((name) => `${path}/${name}: a file that the index does not know`), ...[...folders].map((name) => `${path}/${name}/: a folder that the index does not know`)];
}

export function etagOf(body: Uint8Array): string {
  return createHash('sha256').update(body).digest().subarray(0, 12).toString('base64url');
}
