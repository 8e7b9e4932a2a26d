/** `POST /control` of the suite, on the server that it is run against. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type RunningServer } from './server.ts';
import { packageFolder } from './suite-folder.ts';

const GROUP = '20000000-0000-0000-0000-000000000001';
const PERSON = '10000000-0000-0000-0000-000000000009';

describe('POST /control', () => {
  let server: RunningServer;
  const file = join(packageFolder, 'directory.yaml');
  const before = readFileSync(file, 'utf8');
  beforeAll(async () => { server = await startServer(); });
  afterAll(async () => { await server[Symbol.asyncDispose](); });

  const send = async (body: string, account: string | undefined = 'admin'): Promise<readonly [number, string | undefined]> => {
    const headers = account === undefined ? {} : { authorization: `Basic ${btoa(`${account}:${account}`)}` };
    const response = await fetch(`${server.address}/control`, { method: 'POST', headers, body });
    return [response.status, (JSON.parse(await response.text()) as { readonly result?: string }).result];
  };
  const members = async (): Promise<readonly string[]> => {
    const response = await fetch(`${server.address}/principals/__uids__/${GROUP}/`, { method: 'PROPFIND', headers: { authorization: `Basic ${btoa('admin:admin')}`, depth: '0' }, body: '<propfind xmlns="DAV:"><prop><group-member-set/></prop></propfind>' });
    return [...(await response.text()).matchAll(/<href[^>]*>\/principals\/__uids__\/([^/<]+)\/<\/href>/g)].map(([, id]) => id!).filter((id) => id !== GROUP);
  };

  it('changes who is in a group, for this server alone', async () => {
    const first = await members();
    expect(await send(JSON.stringify({ action: 'addgroupmembers', group: GROUP, members: [PERSON] }))).toEqual([200, 'ok']);
    expect(await members()).toEqual([...first, PERSON]);
    expect(await send(JSON.stringify({ action: 'removegroupmembers', group: GROUP, members: [PERSON, ...first] }))).toEqual([200, 'ok']);
    expect(await members()).toEqual([]);
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('waits until all has come to rest', async () => {
    expect([await send('{"action":"refreshgroups","wait":true}'), await send('{"action":"schedulingdone","wait":true}')]).toEqual([[200, 'ok'], [200, 'ok']]);
  });

  it.each([['nobody', '{"action":"addgroupmembers","group":"none","members":[]}'], ['a stranger', JSON.stringify({ action: 'addgroupmembers', group: GROUP, members: ['stranger'] })], ['another action', '{"action":"stop"}'], ['no JSON', '{']])('refuses %s', async (_, body) => {
    expect(await send(body)).toEqual([400, 'error']);
  });

  it('is for administrators', async () => {
    expect([await send('{"action":"refreshgroups"}', 'user01'), await send('{"action":"refreshgroups"}', '')]).toEqual([[403, 'error'], [401, 'error']]);
  });
});
