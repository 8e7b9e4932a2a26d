import type { DavRequest, DavResource, Item, LiveProperty } from '@kalends/contracts';
import { NONE, READ } from '@kalends/contracts';
import { describe, expect, it } from 'vitest';
import { validSyncToken } from '../errors/preconditions.ts';
import { PropertyPlan } from '../properties/plan.ts';
import { PropertyRegistry } from '../properties/registry.ts';
import { Multistatus } from './multistatus.ts';
import type { ItemBase } from './multistatus.ts';
import { Element } from './read.ts';
import type { ResponseStream } from './response-stream.ts';

const resource: DavResource = { kind: 'calendar-item', path: '/c/', canonical: '/c/', owner: undefined };
const base: ItemBase = { href: "/c'&/", resource };
const item = (name: string): Item => ({ name: name as Item['name'], etag: `tag-${name}` as Item['etag'] });
const D = (local: string) => ({ ns: 'DAV:', local });
const etag: LiveProperty = {
  name: D('getetag'), kinds: ['*'],
  write(xml, row) {
    if (row.item?.name === 'broken') {
      xml.text('half');
      throw new Error('cannot tell');
    }
    xml.text(row.item!.etag);
    return true;
  },
};
const batches: number[] = [];
const size: LiveProperty<string> = { name: D('size'), kinds: ['*'], load: async (rows) => { batches.push(rows.length); return `of ${rows.length}`; }, write(xml, _row, loaded) { xml.text(loaded); return true; } };
const registry = new PropertyRegistry([{ name: 'test', properties: [etag, size as LiveProperty] }]);
const plan = (...names: string[]) => new PropertyPlan(registry, names.length === 0 ? { mode: 'none', names: [] } : { mode: 'prop', names: names.map((name) => new Element(D(name))) });
const readable = { constant: READ, of: () => READ };

function open() {
  const written: string[] = [];
  const failures: unknown[] = [];
  const readyAt: number[] = [];
  const stream = { write: (text: string) => { written.push(text); }, ready: async (rows: number) => { readyAt.push(rows); }, end: async (text: string) => { written.push(text); } } as unknown as ResponseStream;
  const request = { resource, access: READ, identity: { principal: undefined, groups: new Set(), admin: false, scheme: 'x' } } as unknown as DavRequest;
  return { out: new Multistatus(request, stream, { minimal: false, failed: (error) => { failures.push(error); } }), written, failures, readyAt };
}
const OK = 'HTTP/1.1 200 OK';
const body = (written: readonly string[]): string => /<multistatus xmlns='DAV:'>(.*)<\/multistatus>$/s.exec(written.join(''))![1]!;

describe('a multistatus', () => {
  it('writes items below their base, escaped once (RFC 4918 §13)', async () => {
    const { out, written } = open();
    await out.items(base, [item('a.ics'), item('b c')], plan('getetag'), readable);
    await out.end();
    expect(body(written)).toBe(['a.ics', 'b%20c'].map((name, at) => `<response><href>/c'&amp;/${name}</href><propstat><prop><getetag>tag-${['a.ics', 'b c'][at]!}</getetag></prop><status>${OK}</status></propstat></response>`).join(''));
  });

  it('makes a row that fails that row\'s 500, and goes on', async () => {
    const { out, written, failures } = open();
    await out.items(base, [item('a'), item('broken'), item('b')], plan('getetag'), readable);
    await out.end();
    expect(failures).toHaveLength(1);
    expect(body(written)).toContain("</response><response><href>/c'&amp;/broken</href><status>HTTP/1.1 500 Internal Server Error</status></response><response>");
    expect(body(written)).not.toContain('half');
    expect(out.rows).toBe(3);
  });

  it('loads once a batch, for those alone that may be read, and tells the others as it is told to', async () => {
    const { out, written } = open();
    const access = { constant: undefined, of: ({ name }: Item) => (name === 'secret' ? NONE : READ) };
    await out.items(base, [item('a'), item('secret'), item('b')], plan('size'), access, 404);
    await out.items(base, [item('secret')], plan('getetag'), access);
    await out.end();
    expect(batches).toEqual([2]);
    expect(body(written).match(/of 2/g)).toHaveLength(2);
    expect(body(written).match(/secret<\/href><status>HTTP\/1\.1 404 Not Found/g)).toHaveLength(1);
  });

  it('gives a status alone where nothing was asked for, and a condition where there is one', async () => {
    const { out, written } = open();
    await out.items(base, [item('a')], plan(), readable);
    out.named(base, item('x y').name, 404, validSyncToken());
    out.syncToken('data:,1');
    await out.end();
    expect(body(written)).toMatch(/^<response><href>\/c'&amp;\/a<\/href><status>HTTP\/1\.1 200 OK<\/status><\/response><response><href>\/c'&amp;\/x%20y<\/href><status>HTTP\/1\.1 404 Not Found<\/status><error><valid-sync-token\/>.*<\/response><sync-token>data:,1<\/sync-token>$/);
  });

  it('hands on what it has every 8 KiB, and asks after each batch whether to wait', async () => {
    const { out, written, readyAt } = open();
    for (let batch = 0; batch < 4; batch++) {
      await out.items(base, Array.from({ length: 100 }, (_, number) => item(`${batch}-${number}`)), plan('getetag'), readable);
      await out.drained();
    }
    await out.end();
    expect(readyAt).toEqual([100, 200, 300, 400]);
    expect(written.length).toBeGreaterThan(3);
    expect(Math.max(...written.map(({ length }) => length))).toBeLessThan(8192 + 300);
    expect(body(written).match(/<response>/g)).toHaveLength(400);
  });
});
