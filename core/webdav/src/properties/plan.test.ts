import type { Collection, DavResource, Item, LiveProperty, PropertyRow, QName } from '@kalends/contracts';
import { READ, READ_ACL } from '@kalends/contracts';
import { describe, expect, it } from 'vitest';
import { Element } from '../xml/read.ts';
import { XmlWriter } from '../xml/write.ts';
import { PropertyPlan } from './plan.ts';
import type { Asked } from './plan.ts';
import { PropertyRegistry } from './registry.ts';
import type { StoredProperty } from './registry.ts';

const D = (local: string): QName => ({ ns: 'DAV:', local });
const X = (local: string): QName => ({ ns: 'urn:x', local });
const text = (name: QName, kinds: readonly string[], value: string | undefined, more: Partial<LiveProperty> = {}): LiveProperty => ({
  name, kinds, write(xml) { xml.text(value ?? 'half '); return value !== undefined; }, ...more,
});
const stored: StoredProperty = { ...text(D('displayname'), ['*'], ''), stored: true, inAllprop: true };
const loading: LiveProperty<string> = { name: D('loaded'), kinds: ['*'], load: async (rows) => `${rows.length} rows`, write(xml, _row, loaded) { xml.text(loaded); return true; } };
const once: LiveProperty<string> = { name: D('once'), kinds: ['*'], loadOnce: ({ http }) => http.id, write(xml, _row, loaded) { xml.text(loaded); return true; } };
const registry = new PropertyRegistry([{ name: 'one', properties: [
  text(D('tag'), ['*'], 'T', { inAllprop: true }), text(D('kind'), ['*'], 'any'), text(D('kind'), ['calendar'], 'calendar'), text(D('none'), ['*'], undefined, { inAllprop: true }),
  text(D('secret'), ['*'], 's', { requires: READ_ACL }),
  text(D('data'), ['event'], '{}', { attributes: (asked) => ({ type: asked.attribute('type') ?? 'plain' }) }), text(D('meta'), ['calendar-item'], 'm', { select: { meta: true } }), stored, loading as LiveProperty,
  once as LiveProperty,
] }]);

const collection = (properties: Record<string, string>, personal: Collection['personal'] = new Map()): Collection => ({
  id: 'c' as never, home: 'h' as never, parent: undefined, segment: 's', kind: 'calendar', revision: 1 as never, created: 0, modified: 0, epoch: 'e', aclRevision: 1 as never, itemsWithAcl: 0,
  properties: new Map(Object.entries(properties)), personal, acl: [],
});
const row = (kind: string, more: Partial<DavResource> = {}, access = READ, item?: Item): PropertyRow => ({
  resource: { kind, path: '/', canonical: '/', owner: undefined, ...more }, item, access, identity: { principal: 'amy' as never, groups: new Set(), admin: false, scheme: 'x' },
});
const prop = (...names: QName[]): Asked => ({ mode: 'prop', names: names.map((name) => new Element(name)) });
async function written(asked: Asked, of: PropertyRow, minimal = false): Promise<string> {
  const plan = new PropertyPlan(registry, asked).for(of.resource.kind);
  const xml = new XmlWriter();
  plan.write(xml, '<response><href>/x', of, await plan.load([of], { http: { id: 'this request' } } as never), minimal);
  return xml.take();
}
const OK = 'HTTP/1.1 200 OK';

describe('a plan', () => {
  it('writes what is there, and names what nobody defines, or what has no value here, in one 404', async () => {
    expect(await written(prop(D('tag'), D('none'), X('dead')), row('calendar'))).toBe(
      `<response><href>/x</href><propstat><prop><tag>T</tag></prop><status>${OK}</status></propstat><propstat><prop><none/><dead xmlns='urn:x'/></prop><status>HTTP/1.1 404 Not Found</status></propstat></response>`,
    );
  });
  it('writes the attributes that the request chose, escaped', async () => {
    const asked = new Element(D('data'), new Map([['type', "a'b"]]));
    expect(await written({ mode: 'prop', names: [asked] }, row('event'))).toContain("<prop><data type='a&#39;b'>{}</data></prop>");
    expect(await written(prop(D('data')), row('event'))).toContain("<data type='plain'>{}</data>");
  });
  it('takes the property of a kind before that of every kind', async () => {
    expect(await written(prop(D('kind')), row('calendar'))).toContain('<kind>calendar</kind>');
    expect(await written(prop(D('kind')), row('home'))).toContain('<kind>any</kind>');
  });
  it('keeps back, with 403, what the caller lacks a privilege for (RFC 3744 §5)', async () => {
    expect(await written(prop(D('secret')), row('calendar'))).toContain('<prop><secret/></prop><status>HTTP/1.1 403 Forbidden</status>');
    expect(await written(prop(D('secret')), row('calendar', {}, READ | READ_ACL))).toContain('<secret>s</secret>');
  });
  it('leaves one empty propstat where nothing has a value and little is wanted (RFC 8144 §2.1)', async () => {
    expect(await written(prop(D('none')), row('calendar'), true)).toBe(`<response><href>/x</href><propstat><prop/><status>${OK}</status></propstat></response>`);
  });
  it('gives stored elements whole, personal ones over those for all', async () => {
    const all = { '{DAV:}displayname': "<displayname xmlns='DAV:' xml:lang='de'>Alle</displayname>", '{urn:x}dead': "<dead xmlns='urn:x'/>", 'house:note': 'hidden' };
    expect(await written(prop(D('displayname'), X('dead')), row('calendar', { collection: collection(all) }))).toContain("xml:lang='de'>Alle</displayname><dead xmlns='urn:x'/>");
    const personal = new Map([['amy' as never, new Map([['{DAV:}displayname', "<displayname xmlns='DAV:'>Mine</displayname>"]])]]);
    expect(await written(prop(D('displayname')), row('calendar', { collection: collection(all, personal) }))).toContain('Mine');
    const everything = await written({ mode: 'allprop', names: [] }, row('calendar', { collection: collection(all) }));
    expect(everything).toBe(`<response><href>/x</href><propstat><prop><tag>T</tag>${all['{DAV:}displayname']}<dead xmlns='urn:x'/></prop><status>${OK}</status></propstat></response>`);
  });
  it('takes a share\'s properties from the share (2.8 of the plan)', async () => {
    const share = { ...collection({ '{DAV:}displayname': "<displayname xmlns='DAV:'>Theirs, as I call it</displayname>" }), kind: 'share' };
    expect(await written(prop(D('displayname')), row('calendar', { collection: collection({}), share }))).toContain('as I call it');
  });
  it('gives names alone, of those that have a value (RFC 4918 §14.17)', async () => {
    const names = await written({ mode: 'propname', names: [] }, row('calendar', { collection: collection({ '{urn:x}dead': "<dead xmlns='urn:x'>v</dead>" }) }));
    expect(names).toBe(`<response><href>/x</href><propstat><prop><tag/><kind/><loaded/><once/><dead xmlns='urn:x'/></prop><status>${OK}</status></propstat></response>`);
  });
  it('loads once a batch, and knows which columns a kind wants', async () => {
    expect(await written(prop(D('loaded')), row('calendar'))).toContain('1 rows');
    const plan = new PropertyPlan(registry, prop(D('meta'), X('dead')));
    expect([plan.select('calendar-item'), plan.select('file'), plan.select('calendar')]).toEqual([{ meta: true }, { dead: [D('meta'), X('dead')] }, {}]);
    expect(plan.for('calendar-item').loads).toBe(false);
  });
  it('loads what all rows have in common at once, beside what is loaded for a batch or alone', async () => {
    expect(await written(prop(D('once'), D('loaded')), row('calendar'))).toContain('<once>this request</once><loaded>1 rows</loaded>');
    const plan = new PropertyPlan(registry, prop(D('tag'), D('once'))).for('calendar');
    expect([plan.loads, plan.loadOnce({ http: { id: 'x' } } as never)[1]]).toEqual([false, 'x']);
  });
  it('asks each name once', async () => { expect((await written(prop(D('tag'), D('tag')), row('home'))).match(/<tag>/g)).toHaveLength(1); });
});

describe('the registry', () => {
  it('refuses two features with one property of one kind, and names both', () => {
    expect(() => new PropertyRegistry([{ name: 'one', properties: [text(D('a'), ['x', 'y'], '')] }, { name: 'two', properties: [text(D('a'), ['y'], '')] }])).toThrow('features one and two both define property {DAV:}a of y');
  });
});
