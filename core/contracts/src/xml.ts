import type { QName } from './ids.ts';

export interface XmlNode { readonly name: QName; readonly children: readonly XmlNode[]; readonly text: string; attribute(name: string): string | undefined }
/** Attributes in single quotes, right after the name; `fragment` is XML we stored, written as it is. */
export interface XmlSink {
  open(name: QName, attributes?: Readonly<Record<string, string>>): void;
  text(value: string): void; href(path: string): void; fragment(xml: string): void; close(): void;
  /** As `text`, from UTF-8 that does not change any more. `clean`: it is known that nothing in it must be escaped. */
  octets(utf8: Uint8Array, clean: boolean): void;
}
