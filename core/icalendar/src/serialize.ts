/**
 * A tree to RFC 5545 text: CRLF, folded (§3.1), parameters quoted and encoded as §3.2 and RFC 6868 want. What the tree still has from octets is
 * copied from there, so an edit changes the edited lines and no other.
 */
import type { Component, Parameters, Property } from './component.ts';

/** One less than §3.1 allows, as the classic server folded: its suite compares text. */
const FOLD_OCTETS = 74;

export function serialize(root: Component): Uint8Array {
  const chunks: Uint8Array[] = [];
  writeComponent(root, chunks);
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

function writeComponent(component: Component, chunks: Uint8Array[]): void {
  const { source, name } = component;
  if (source?.document.copyable === true) {
    chunks.push(source.document.octets.subarray(source.from, source.to));
    return;
  }
  chunks.push(Buffer.from(`BEGIN:${name}\r\n`));
  for (const property of component.properties) chunks.push(propertyOctets(property));
  for (const child of component.components) writeComponent(child, chunks);
  chunks.push(Buffer.from(`END:${name}\r\n`));
}

/** One content line with its break, folded: the octets it came from, or written. */
export function propertyOctets(property: Property): Uint8Array {
  const { source } = property;
  if (source?.document.copyable === true) return source.document.octets.subarray(source.from, source.to);
  if (source?.document.utf8 === true) return withBreaks(source.document.octets.subarray(source.from, source.to));
  return Buffer.from(fold(unfoldedLine(property)));
}

/** The same content line, spelled as it was, with the breaks of §3.1. A CR alone is none: it would end the line in the middle. */
function withBreaks(line: Uint8Array): Uint8Array {
  const text = Buffer.from(line.buffer, line.byteOffset, line.length).toString('latin1');
  let end = text.length;
  // No pattern: one would look from each break on.
  while (text[end - 1] === '\r' || text[end - 1] === '\n') end--;
  return Buffer.from(`${text.slice(0, end).replace(/\r(?!\n)/g, ' ').replace(/\r?\n/g, '\r\n')}\r\n`, 'latin1');
}

/** Without folds and break. */
export function unfoldedLine({ name, parameters, value }: Property): string {
  return `${name}${writeParameters(parameters)}:${value.replace(/[\r\n]+/g, ' ')}`;
}

function writeParameters(parameters: Parameters): string {
  if (parameters.size === 0) return '';
  let text = '';
  for (const [name, values] of parameters) text += values.length === 0 ? `;${name}` : `;${name}=${values.map(writeParameter).join(',')}`;
  return text;
}

function writeParameter(value: string): string {
  const encoded = value.replace(/[\^"]|\r?\n/g, (char) => (char === '^' ? '^^' : char === '"' ? "^'" : '^n'));
  return /[,:;]/.test(encoded) ? `"${encoded}"` : encoded;
}

/** Folds, never inside a character, and adds the break. */
export function fold(line: string): string {
  if (line.length <= FOLD_OCTETS && Buffer.byteLength(line) <= FOLD_OCTETS) return `${line}\r\n`;
  let text = '';
  let octets = 0;
  let from = 0;
  for (let at = 0; at < line.length; ) {
    const code = line.codePointAt(at) ?? 0;
    const size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (octets + size > FOLD_OCTETS) {
      text += `${line.slice(from, at)}\r\n `;
      from = at;
      octets = 1;
    }
    octets += size;
    at += code < 0x10000 ? 1 : 2;
  }
  return `${text}${line.slice(from)}\r\n`;
}
