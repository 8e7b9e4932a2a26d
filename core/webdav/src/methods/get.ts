/**
 * GET and HEAD: of a plain file its octets, whole or a range (RFC 9110 §14); of any other collection than calendars a listing for people. Calendar objects
 * have a handler of their own.
 */
import type { DavRequest, Item, MethodSpec } from '@kalends/contracts';
import { READ } from '@kalends/contracts';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { answer, answerBytes } from '../answer.ts';
import { engineOf } from '../engine.ts';
import type { EngineRequest } from '../engine.ts';
import { DavError } from '../errors/dav-error.ts';
import { notFound } from '../errors/preconditions.ts';
import { storedProperty, textOf } from '../properties/stored.ts';
import { itemsOf } from '../resource/family.ts';
import { escapeSegment, withSlash } from '../resource/href.ts';
import { entityTag, itemTag, ownCollection } from '../resource/shape.ts';
import { escapeAttribute, escapeText } from '../xml/write.ts';
import { READ_RANGE, readRange } from './range.ts';
import { membersOf } from './propfind.ts';

const requires: MethodSpec['requires'] = () => [{ on: 'self', privileges: READ }];

export const getFile: MethodSpec = { method: 'GET', kinds: ['file'], select: { meta: true }, requires, handle: sendFile };
export const getCollection: MethodSpec = { method: 'GET', kinds: ['*'], requires, handle: sendListing };

async function sendFile(given: DavRequest): Promise<void> {
  const request = engineOf(given);
  const { http, engine, resource } = request;
  const { item, collection } = resource;
  if (item?.meta === undefined || collection === undefined) throw notFound();
  const { size } = item.meta;
  const headers = fileHeaders(item);
  const range = readRange(http.request.headers, size, itemTag(item), item.meta.modified);
  if (range === 'unsatisfiable') throw new DavError(416, { detail: 'The range lies outside the file.', headers: { 'Content-Range': `bytes */${size}` } });
  const { from, to } = range ?? { from: 0, to: size };
  const status = range === undefined ? 200 : 206;
  const partial = range === undefined ? {} : { 'Content-Range': `bytes ${from}-${to - 1}/${size}` };
  if (item.body !== undefined) {
    answerBytes(http, status, item.body.subarray(from, to), { ...headers, ...partial });
    return;
  }
  if (http.request.method === 'HEAD' || to === from) {
    answer(http, status, { ...headers, ...partial, 'Content-Length': to - from });
    return;
  }
  const content = await engine.store.openBody({ collection: collection.id, name: item.name }, range === undefined ? undefined : { from, to });
  if (content === undefined) throw notFound();
  http.response.writeHead(status, { ...headers, ...partial, 'Content-Length': to - from });
  await pipeline(Readable.from(content), http.response);
}

/** What strangers put here must never run as a page of this server. */
function fileHeaders(item: Item): Record<string, string> {
  return {
    'Content-Type': item.meta!.contentType, ETag: itemTag(item), 'Last-Modified': new Date(item.meta!.modified * 1000).toUTCString(), 'Accept-Ranges': READ_RANGE,
    'X-Content-Type-Options': 'nosniff', 'Content-Security-Policy': "sandbox; default-src 'none'",
  };
}

/** A page of links, for people who follow a path in their browser. */
export async function sendListing(given: DavRequest): Promise<void> {
  const request = engineOf(given);
  const { http, resource } = request;
  const own = ownCollection(resource);
  const tag = entityTag(resource);
  if (tag !== undefined) http.response.setHeader('ETag', tag);
  if (own !== undefined) http.response.setHeader('Last-Modified', new Date(own.modified * 1000).toUTCString());
  http.response.setHeader('Content-Security-Policy', "default-src 'none'");
  const out = request.stream(200, 'text/html;charset=utf-8');
  const name = storedProperty(request.row(), '{DAV:}displayname');
  const title = escapeText(name === undefined ? decodeURIComponent(request.href) : textOf(name));
  let page = `<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>${title}</title></head><body><h1>${title}</h1>\n<table>\n`;
  let rows = 0;
  for await (const names of linksOf(request)) {
    for (const { href, text, type } of names) page += `<tr><td><a href='${escapeAttribute(href)}'>${escapeText(text)}</a></td><td>${escapeText(type)}</td></tr>\n`;
    out.write(page);
    page = '';
    await out.ready(rows += names.length);
  }
  await out.end(`${page}</table>\n</body></html>\n`);
}

interface Link { readonly href: string; readonly text: string; /** Media type; empty for a collection. */ readonly type: string }

async function* linksOf(request: EngineRequest): AsyncGenerator<readonly Link[]> {
  const { engine, resource, href, identity } = request;
  for await (const batch of membersOf(request)) {
    const shown = [];
    for (const member of batch) {
      if (((await engine.access.judge(identity, member)) & READ) !== READ) continue;
      const path = engine.isCollection(member) ? withSlash(member.path) : member.path;
      shown.push({ href: path, text: decodeURIComponent(path.slice(href.length)), type: '' });
    }
    yield shown;
  }
  const own = ownCollection(resource);
  const items = itemsOf(resource);
  if (own === undefined || items === undefined) return;
  const access = await request.items(items);
  for await (const batch of engine.store.listItems(own.id, request.selectOf(own, { meta: true }))) {
    yield batch.filter((item) => ((access.constant ?? access.of(item)) & READ) === READ).map(({ name, meta }) => ({ href: href + escapeSegment(name), text: name, type: meta?.contentType.split(';')[0] ?? '' }));
  }
}
