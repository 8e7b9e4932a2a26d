import { describe, expect, it } from 'vitest';
import { XmlProblem, XmlReader, parse, readXml } from './read.ts';
import { MAX_DEPTH } from './limits.ts';

const octets = (text: string): Uint8Array => Buffer.from(text);

describe('reading XML', () => {
  it('resolves namespaces, joins text and CDATA, and drops comments (XML Names 1.0)', () => {
    const root = parse('<a:x xmlns:a="urn:a" xmlns="urn:d" p="1" a:q="2"><!-- no --><y>one<![CDATA[ <two>]]> three</y><z xmlns=""/></a:x>');
    expect(root.name).toEqual({ ns: 'urn:a', local: 'x' });
    expect([root.attribute('p'), root.attribute('{urn:a}q'), root.attribute('q')]).toEqual(['1', '2', undefined]);
    expect(root.children.map(({ name, text }) => [name.ns, name.local, text])).toEqual([['urn:d', 'y', 'one <two> three'], ['', 'z', '']]);
  });

  it('keeps the order of text and elements where both occur', () => {
    const { mixed } = parse('<a>one<b/>two<c/></a>');
    expect(mixed?.map((part) => (typeof part === 'string' ? part : part.name.local))).toEqual(['one', 'b', 'two', 'c']);
  });

  it.each([
    ['UTF-8 with a mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('<a>é</a>')])],
    ['UTF-16, little end first', Buffer.from('\ufeff<a>é</a>', 'utf16le')],
    ['UTF-16, big end first', Buffer.from('\ufeff<a>é</a>', 'utf16le').swap16()],
    ['Latin-1, as declared', Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>', 'latin1')],
  ])('decodes %s (XML 1.0 appendix F)', (_, body) => { expect(readXml(body).text).toBe('é'); });

  it.each([
    ['nothing', ''], ['text', 'hello'], ['two roots', '<a/><b/>'], ['tags that do not match', '<a></b>'], ['an attribute twice', '<a b="1" b="2"/>'], ['an unknown entity', '<a>&b;</a>'],
    ['a control character', '<a>\u0001</a>'], ['a document type', '<!DOCTYPE a><a/>'], ['an entity bomb', '<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><a>&d;</a>'],
    ['an external entity', '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'], ['a prefix that is bound to nothing', '<x:a/>'],
  ])('refuses %s', (_, body) => { expect(() => readXml(octets(body))).toThrow(XmlProblem); });

  it('refuses octets that are not what they say they are, and encodings nobody knows', () => {
    expect(() => readXml(Buffer.from([0x3c, 0x61, 0x3e, 0xc3, 0x28]))).toThrow(/not valid utf-8/);
    expect(() => readXml(octets('<?xml version="1.0" encoding="x-klingon"?><a/>'))).toThrow(XmlProblem);
  });

  it('refuses nesting and attributes beyond the limits without growing a stack', () => {
    expect(() => parse('<a>'.repeat(MAX_DEPTH) + '</a>'.repeat(MAX_DEPTH))).not.toThrow();
    expect(() => parse('<a>'.repeat(MAX_DEPTH + 1))).toThrow(/nested/);
    expect(() => parse('<a>'.repeat(500_000))).toThrow(/nested/);
    expect(() => parse(`<a ${Array.from({ length: 100 }, (_, index) => `b${index}="1"`).join(' ')}/>`)).toThrow(/attributes/);
  });

  it('gives the same tree for the same octets, while they are small', () => {
    const reader = new XmlReader();
    const small = octets('<a/>');
    expect(reader.read(octets('<a/>'))).toBe(reader.read(small));
    const large = octets(`<a>${'x'.repeat(5000)}</a>`);
    expect(reader.read(large)).not.toBe(reader.read(large));
  });

  it('does not keep what it refused', () => {
    const reader = new XmlReader();
    for (let time = 0; time < 2; time++) expect(() => reader.read(octets('<a>'))).toThrow(XmlProblem);
  });
});
