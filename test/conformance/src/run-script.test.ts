import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Exchanges, targetOf } from './exchange.ts';
import { runScript } from './run-script.ts';
import type { ScriptOutcome } from './run-script.ts';
import { readScript } from './script.ts';
import { readServerInfo } from './server-info.ts';

/** A server that keeps what is put there, and lists it. */
const stored = new Map<string, string>();
let seen: string[] = [];
const server = createServer((request, response) => {
  const path = request.url!;
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part));
  request.on('end', () => {
    const user = Buffer.from((request.headers.authorization ?? '').slice('Basic '.length), 'base64').toString().split(':')[0]!;
    seen.push(`${user} ${request.method!} ${path}`);
    if (request.method === 'PUT') {
      stored.set(path, Buffer.concat(parts).toString());
      response.writeHead(201, { ETag: '"e"' }).end();
    } else if (request.method === 'PROPFIND') {
      const rows = [path, ...[...stored.keys()].filter((key) => key.startsWith(path))].map((href) => `<response><href>${href}</href><propstat><prop><getetag>"e"</getetag></prop><status>HTTP/1.1 200 OK</status></propstat></response>`);
      response.writeHead(207).end(`<multistatus xmlns="DAV:">${rows.join('')}</multistatus>`);
    } else if (request.method === 'DELETE') {
      response.writeHead(stored.delete(path) ? 204 : 404).end();
    } else {
      const body = stored.get(path);
      response.writeHead(body === undefined ? 404 : 200, { 'Content-Type': 'text/plain' }).end(body);
    }
  });
});

let folder: string;
let address: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'conformance-test-'));
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await writeFile(join(folder, 'serverinfo.xml'), `<serverinfo><nonsslport>80</nonsslport><waitcount>2</waitcount><waitdelay>0.01</waitdelay><waitsuccess>1</waitsuccess><features><feature>good</feature></features>
    <substitutions><substitution><key>$root:</key><value>/</value></substitution><substitution><key>$home:</key><value>$root:home</value></substitution>
    <repeat count="2"><substitution><key>$userid%d:</key><value>user%02d</value></substitution><substitution><key>$pswd%d:</key><value>p%d</value></substitution></repeat></substitutions></serverinfo>`);
  await mkdir(join(folder, 'many'));
  await mkdir(join(folder, 'none'));
  await writeFile(join(folder, 'a.txt'), 'uid $uid1: of $home: in $now.year.0:');
  for (const name of ['1', '2']) await writeFile(join(folder, 'many', name), name);
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => { server.close(resolve); });
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  stored.clear();
  seen = [];
});

async function run(inner: string, start = ''): Promise<ScriptOutcome> {
  const file = join(folder, 'script.xml');
  await writeFile(file, `<?xml version="1.0"?><!DOCTYPE caldavtest SYSTEM "caldavtest.dtd"><caldavtest><start>${start}</start>${inner}<end/></caldavtest>`);
  using exchanges = new Exchanges(address);
  return await runScript({ name: 'script', script: await readScript(file), info: await readServerInfo(join(folder, 'serverinfo.xml'), address), folder, exchanges, today: new Date('2026-11-22T12:00:00Z') });
}
const suite = (...tests: readonly string[]): string => `<test-suite name="s">${tests.map((test, at) => `<test name="${at + 1}">${test}</test>`).join('')}</test-suite>`;
const request = (method: string, uri: string, inner = '', attributes = ''): string => `<request ${attributes}><method>${method}</method><ruri>${uri}</ruri>${inner}</request>`;
const data = (path: string): string => `<data><content-type>text/plain</content-type><filepath>${path}</filepath></data>`;
const verify = (callback: string, name: string, value: string): string => `<verify><callback>${callback}</callback><arg><name>${name}</name><value>${value}</value></arg></verify>`;
const verdicts = (outcome: ScriptOutcome): readonly string[] => outcome.tests.map((test) => test.verdict);

describe('a script', () => {
  it('puts variables into URIs, bodies and expectations, and keeps what it grabs', async () => {
    const outcome = await run(suite(
      request('PUT', '$home:/a', data('a.txt') + '<grabheader><name>ETag</name><variable>$tag:</variable></grabheader>'),
      request('GET', '$home:/a', verify('dataString', 'contains', 'uid $uid1: of /home in 2026') + verify('statusCode', 'status', '200')),
      request('PROPFIND', '$home:/', '<header><name>Depth</name><value>1</value></header>' + verify('multistatusItems', 'okhrefs', '[-,a]')
        + '<grabelement><name>/{DAV:}multistatus/{DAV:}response/{DAV:}href</name><variable>$self:</variable><variable>$first:</variable></grabelement><grabproperty><property>{DAV:}getetag</property><variable>$etag:</variable></grabproperty>'),
      request('GET', '$first:', verify('header', 'header', '!X$tag:') + verify('dataString', 'notcontains', '$etag:')),
      request('GET', '$home:/b', verify('statusCode', 'status', '200')),
    ));
    expect(verdicts(outcome)).toEqual(['passed', 'passed', 'passed', 'passed', 'failed']);
    expect(outcome.tests[4]!.messages).toContain('statusCode: HTTP status 404, expected 200');
    expect(stored.get('/home/a')).toMatch(/^uid [0-9a-f-]{36} of \/home in 2026$/);
  });

  it('asks as who the request names, as the first user otherwise, as nobody where it says so', async () => {
    await run(suite(request('GET', '/x', '', 'user="$userid2:" pswd="$pswd2:"') + request('GET', '/x') + request('GET', '/x', '', 'auth="no"')));
    expect(seen).toEqual(['user02 GET /x', 'user01 GET /x', ' GET /x']);
  });

  it('fails as a whole when a start request does', async () => {
    const outcome = await run(suite(request('GET', '/x'), request('GET', '/y')), request('GET', '/missing'));
    expect(verdicts(outcome)).toEqual(['failed', 'failed']);
    expect(outcome.broken).toContain('GET /missing: HTTP status 404');
  });

  it('ignores what the server’s features close, at every level', async () => {
    const needs = (feature: string): string => `<require-feature><feature>${feature}</feature></require-feature>`;
    const fail = verify('statusCode', 'status', '200');
    const outcome = await run(suite(needs('bad') + request('GET', '/x', fail), needs('good') + request('GET', '/x', fail), '<exclude-feature><feature>good</feature></exclude-feature>' + request('GET', '/x', fail),
      request('GET', '/x', `<verify>${needs('bad')}<callback>statusCode</callback></verify>`), request('GET', '/x', needs('bad') + fail)));
    expect(verdicts(outcome)).toEqual(['ignored', 'failed', 'ignored', 'passed', 'passed']);
    expect(verdicts(await run(needs('bad') + suite(request('GET', '/x'))))).toEqual(['ignored']);
  });

  it('knows the methods of the format', async () => {
    const put = request('PUT', '/c/**', data('a.txt'));
    const outcome = await run(suite(
      put, request('WAITCOUNT 1', '/c/'), request('WAITCOUNT 2', '/c/'), request('GETNEW', '/c/', verify('statusCode', 'status', '200') + '<graburi>$new:</graburi>'), request('GET', '$new:', verify('statusCode', 'status', '200')),
      put, request('GETOTHER', '$new:', verify('statusCode', 'status', '200')), request('GETCONTAINS uid', '/c/', verify('statusCode', 'status', '200')), request('GETCONTAINS nothing', '/c/'),
      request('WAITDELETEALL 2', '/c/'), request('WAITCOUNT 0', '/c/'), request('FINDNEW', '/c/'), put, request('DELETEALL', '/c/'), request('WAITCOUNT 0', '/c/'), request('DELAY', '0'),
    ));
    expect(verdicts(outcome).map((verdict, at) => (verdict === 'passed' ? '' : `${at + 1} ${verdict}`)).filter((one) => one !== '')).toEqual(['3 failed', '9 failed', '12 failed']);
  });

  it('makes a name of two asterisks in a path, and leaves those of a query alone', async () => {
    await run(suite(request('GET', '/a/**?b=**', verify('statusCode', 'status', '404'))));
    expect(seen).toEqual([expect.stringMatching(/ GET \/a\/[0-9a-f-]{36}\?b=\*\*$/)]);
  });

  it('sends each file of a folder, and ignores a test whose folder is empty or missing', async () => {
    const each = (path: string): string => request('PUT', '/c/**', data(path), 'iterate-data="yes"');
    expect(verdicts(await run(suite(each('many'), each('none'), each('missing'))))).toEqual(['passed', 'ignored', 'ignored']);
    expect([...stored.values()].sort()).toEqual(['1', '2']);
  });

  it('repeats a test, and waits for success', async () => {
    const outcome = await run('<test-suite name="s"><test name="1" count="3">' + request('PUT', '/c/##', data('a.txt')) + '</test></test-suite>' + suite(request('GET', '/later', verify('statusCode', 'status', '200'), 'wait-for-success="yes"')));
    expect([...stored.keys()]).toEqual(['/c/1', '/c/2', '/c/3']);
    expect(verdicts(outcome)).toEqual(['passed', 'failed']);
    expect(seen.filter((one) => one.endsWith('/later')).length).toBeGreaterThan(1);
  });

  it('deletes in the end what it was asked to', async () => {
    await run(suite(request('PUT', '/c/1', data('a.txt'), 'end-delete="yes"') + request('PUT', '/c/2', data('a.txt'))));
    expect([...stored.keys()]).toEqual(['/c/2']);
  });

  it('says which file it cannot read', async () => {
    await writeFile(join(folder, 'wrong.xml'), '<other/>');
    await expect(readScript(join(folder, 'wrong.xml'))).rejects.toThrow('expected <caldavtest>, found <other>');
    await expect(readServerInfo(join(folder, 'wrong.xml'))).rejects.toThrow('expected <serverinfo>, found <other>');
  });
});

describe('a request target', () => {
  it('is encoded where a URI needs it, once, unless the script says not to', () => {
    expect(targetOf('/a b/ü;x?y=1', true)).toBe('/a%20b/%C3%BC;x?y=1');
    expect(targetOf('/America%2FNew_York', false)).toBe('/America%2FNew_York');
    expect(targetOf('http://127.0.0.1:1/x', true)).toBe('/x');
  });
});
