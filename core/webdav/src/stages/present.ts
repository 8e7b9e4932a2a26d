/**
 * RFC 8144 §3.2: a client that failed with 412 and prefers a representation gets, under that status, what is there now, and so need not ask again.
 */
import type { ServerResponse } from 'node:http';
import { HandlerRequest, mayRead } from '../request.ts';
import type { Authorized } from './passage.ts';

/** @returns false where there is nothing to show, or nothing that the caller may read */
export async function answerPresent(passage: Authorized): Promise<boolean> {
  const { engine, http, identity, access, resource: { kind } } = passage;
  const get = engine.methods(kind).get('GET');
  if (get === undefined || !mayRead(access)) return false;
  const selected = engine.selectFor('GET', {}, identity.principal);
  const resource = await engine.locate(http.path, selected, identity);
  if (resource === undefined || !engine.exists(resource) || engine.isCollection(resource)) return false;
  http.response.setHeader('Content-Location', resource.path);
  http.response.setHeader('Preference-Applied', 'return=representation');
  withStatus(http.response, 412);
  await get.handle(new HandlerRequest({ ...passage, resource, selected }));
  return true;
}

/** The handler says 200; this answer says otherwise. */
function withStatus(response: ServerResponse, status: number): void {
  const writeHead = response.writeHead.bind(response) as (status: number, headers: object) => ServerResponse;
  response.writeHead = ((said: number, headers: object) => writeHead(said === 200 ? status : said, headers)) as typeof response.writeHead;
}
