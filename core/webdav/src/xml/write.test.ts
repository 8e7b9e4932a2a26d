import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from './read.ts';
import { XmlWriter, storedText, xmlOf } from './write.ts';

const D = (local: string) => ({ ns: 'DAV:', local });

describe('writing XML', () => {
  it('declares the namespace where it changes, in single quotes, and closes the empty at once (apple-behaviour 4.6a)', () => {
    const xml = new XmlWriter();
    xml.open(D('a'));
    xml.open({ ns: 'urn:c', local: 'b' }, { name: "it's" });
    xml.empty(D('c'));
    xml.close();
    xml.leaf(D('d'), '<&>');
    xml.leaf(D('e'), '');
    xml.close();
    expect(xml.take()).toBe("<a xmlns='DAV:'><b name='it&#39;s' xmlns='urn:c'><c xmlns='DAV:'/></b><d>&lt;&amp;&gt;</d><e/></a>");
  });

  it('replaces what XML 1.0 cannot hold (XML 1.0 §2.2)', () => {
    expect(storedText(D('a'), 'x\u0000\u000b\ufffe\ty')).toBe("<a xmlns='DAV:'>x\ufffd\ufffd\ufffd\ty</a>");
  });

  it('forgets what was written since it was held', () => {
    const xml = new XmlWriter();
    xml.open(D('a'));
    xml.hold();
    xml.open(D('b'));
    xml.text('gone');
    xml.undo();
    xml.close();
    expect(xml.take()).toBe("<a xmlns='DAV:'/>");
  });

  it('goes on after its text was taken', () => {
    const xml = new XmlWriter();
    xml.open(D('a'));
    expect(xml.take()).toBe("<a xmlns='DAV:'>");
    xml.empty(D('b'));
    xml.close();
    expect(xml.take()).toBe('<b/></a>');
  });

  it('hands over octets as they came, between the text around them', () => {
    const octets = Buffer.from('Grüße, 会議');
    const xml = new XmlWriter();
    xml.open(D('a'));
    xml.octets(octets, true);
    xml.close();
    expect(xml.takePieces()).toEqual(["<a xmlns='DAV:'>", octets, '</a>']);
    expect(xml.takePieces()).toEqual(['']);
  });

  it('escapes octets that are not known to be clean, and replaces what is no UTF-8 or no XML (XML 1.0 §2.2)', () => {
    const written = (octets: Buffer): string => {
      const xml = new XmlWriter();
      xml.open(D('a'));
      xml.octets(octets, false);
      xml.close();
      return xml.take();
    };
    expect(written(Buffer.from('a < é & b'))).toBe("<a xmlns='DAV:'>a &lt; é &amp; b</a>");
    expect(written(Buffer.from([0x61, 0xff, 0x62]))).toBe("<a xmlns='DAV:'>a\ufffdb</a>");
    expect(written(Buffer.from('a\0b\ufffec'))).toBe("<a xmlns='DAV:'>a\ufffdb\ufffdc</a>");
    expect(written(Buffer.from('Grüße'))).toBe("<a xmlns='DAV:'>Grüße</a>");
  });

  it('counts and forgets octets like text', () => {
    const xml = new XmlWriter();
    xml.open(D('a'));
    const before = xml.snapshot();
    xml.hold();
    xml.octets(Buffer.from('12345'), true);
    expect(xml.length).toBe("<a xmlns='DAV:'>12345".length);
    xml.undo();
    expect(xml.length).toBe("<a xmlns='DAV:'>".length);
    xml.octets(Buffer.from('gone'), true);
    xml.restore(before);
    xml.close();
    expect(xml.take()).toBe("<a xmlns='DAV:'></a>");
  });

  it('keeps an element whole: attributes, mixed content, what has no namespace, and the language in scope (RFC 4918 §4.3)', () => {
    const text = '<p xmlns="" xmlns:q="urn:q" a="1" q:b="&lt;2&gt;">one <q:r>two</q:r> <s xmlns="urn:s"/>&#13;</p>';
    const kept = xmlOf(parse(text), 'de');
    expect(kept).toBe("<p a='1' xmlns:a0='urn:q' a0:b='&lt;2&gt;' xml:lang='de' xmlns=''>one <r xmlns='urn:q'>two</r> <s xmlns='urn:s'/>&#13;</p>");
    expect(xmlOf(parse(kept))).toBe(kept);
  });

  it('gives back any text that XML can hold', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const holds = !/[\0-\x08\x0b-\x1f\ufffe\uffff]/.test(text) && text.isWellFormed();
      fc.pre(holds);
      expect(parse(storedText(D('a'), text)).text).toBe(text);
    }));
  });
});
