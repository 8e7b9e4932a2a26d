import type { DavFeature, DavResource, HttpExchange, MethodSpec, ReportSpec, ResourceKind } from '@kalends/contracts';
import { describe, expect, it } from 'vitest';
import { EngineTables } from './engine-tables.ts';
import type { EngineServices } from './engine-tables.ts';
import { davPrivileges } from './resource/privileges.ts';
import { parse } from './xml/read.ts';

const method = (name: string, kinds: string[], select?: MethodSpec['select']): MethodSpec => ({ method: name, kinds, requires: () => [], handle: async () => undefined, ...(select === undefined ? {} : { select }) });
const kind = (name: string, shape?: NonNullable<ResourceKind['shape']>, paths: string[] = []): ResourceKind => ({
  kind: name, paths, privileges: davPrivileges, protectedAcl: () => [], resolve: async () => ({ kind: 'gone', path: '/', canonical: '/', owner: undefined }), ...(shape === undefined ? {} : { shape }),
});
const report = (local: string, kinds: string[]): ReportSpec<unknown> => ({ name: { ns: 'urn:r', local }, kinds, requires: 0, read: () => undefined, run: async () => undefined });
const services = { deployment: { publicUrl: new URL('https://cal.example.com:8443/') } } as EngineServices;
const engine = (...features: DavFeature[]) => new EngineTables(features, services);
const resource = (of: string, more: Partial<DavResource> = {}): DavResource => ({ kind: of, path: '/', canonical: '/', owner: undefined, ...more });

describe('the tables of the engine', () => {
  it('take the method of a kind before that of every kind, and GET for HEAD', () => {
    const tables = engine({ name: 'a', methods: [method('GET', ['*']), method('PUT', ['file'])] }, { name: 'b', methods: [method('get', ['file'])] });
    expect([...tables.methods('file').keys()]).toEqual(['GET', 'PUT', 'HEAD']);
    expect([...tables.methods('other').keys()]).toEqual(['GET', 'HEAD']);
    expect(tables.methods('file').get('HEAD')?.kinds).toEqual(['file']);
    expect([...tables.known]).toEqual(['GET', 'PUT', 'HEAD']);
  });

  it('put together what a method selects, its headers and its caller', () => {
    const tables = engine({ name: 'a', methods: [method('GET', ['x'], { meta: true }), method('GET', ['y'], (headers) => (headers['if-none-match'] === undefined ? { body: true } : {}))] });
    expect(tables.selectFor('GET', {}, undefined)).toEqual({ acl: true, meta: true, body: true });
    expect(tables.selectFor('HEAD', { 'if-none-match': '"x"' }, 'amy' as never)).toEqual({ acl: true, meta: true, personal: 'amy' });
    expect(tables.selectFor('COPY', {}, undefined)).toEqual({ acl: true });
  });

  it.each<[string, Omit<DavFeature, 'name'>, string]>([
    ['a method of one kind', { methods: [method('PUT', ['x'])] }, 'feature b defines PUT for x'], ['a kind', { resources: [kind('x')] }, 'feature b defines kind x'],
    ['a report of one kind', { reports: [report('r', ['x'])] }, 'feature b defines report {urn:r}r of x'], ['a path', { resources: [kind('x', undefined, ['/p'])] }, 'kind'],
  ])('refuse two features with %s', (_, feature, message) => {
    const other = feature.resources?.[0]?.paths.length === 1 ? { resources: [kind('y', undefined, ['/p/'])] } : feature;
    expect(() => engine({ name: 'a', ...feature }, { name: 'b', ...other })).toThrow(message);
  });

  it('list compliance classes first, each token once (RFC 4918 §10.1)', () => {
    expect(engine({ name: 'a', compliance: ['access-control', '3'] }, { name: 'b', compliance: ['1', 'access-control', 'calendar-access'] }).compliance).toEqual(['1', '3', 'access-control', 'calendar-access']);
  });

  it('tell by kind what is there, and whose path ends in a slash', () => {
    const tables = engine({ name: 'a', resources: [kind('calendar'), kind('calendar-item', 'leaf'), kind('freebusy', 'leaf'), kind('nowhere', 'nothing')] });
    const item = {} as NonNullable<DavResource['item']>;
    expect([resource('calendar'), resource('calendar-item'), resource('calendar-item', { item }), resource('freebusy'), resource('nowhere')].map((one) => [tables.exists(one), tables.isCollection(one)]))
      .toEqual([[true, true], [false, false], [true, false], [true, false], [false, false]]);
  });

  it('find nothing of a kind that no plugin has', async () => {
    expect(await engine({ name: 'a', resources: [kind('x', undefined, ['/x'])] }).locate('/x', {}, {} as never)).toBeUndefined();
  });

  it('know their own authority, with the public port and without', () => {
    const tables = engine();
    const http = { request: { headers: { host: '10.0.0.1:8008' } } } as HttpExchange;
    expect(['cal.example.com:8443', 'CAL.example.com', 'me@cal.example.com', '10.0.0.1:8008', 'example.com', 'cal.example.com.evil'].map((authority) => tables.isOurs(authority, http))).toEqual([true, true, true, true, false, false]);
  });

  it('compile one plan a body, as long as the body is kept', () => {
    const tables = engine();
    const body = parse("<propfind xmlns='DAV:'><prop><getetag/></prop></propfind>");
    expect(tables.plan(body)).toBe(tables.plan(body));
    expect(tables.plan(body).asked.mode).toBe('prop');
    expect(tables.plan(parse('<x/>')).asked.mode).toBe('none');
  });
});
