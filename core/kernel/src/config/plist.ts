/**
 * XML property lists: one file → a document that knows its lines, and a document → YAML text. What the classic keys mean is not known here: the
 * composition hands in a mapping onto its own model (it must report each key it does not know).
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { reasonOf } from '../errors.ts';
import { ConfigDocument, emptyMap, isMap } from './document.ts';
import type { ConfigMap, Origin, Path } from './document.ts';
import type { Problem } from './problems.ts';
import type { SourceText } from './yaml.ts';

export interface ReadDocument { readonly document: ConfigDocument; readonly problems: readonly Problem[] }
/** From the keys of the property list to those of the config, origins included. */
export type PlistMapping = (raw: ConfigDocument) => ReadDocument;

/** Brings a whole DOM, 6 MB of a process: for those who have such a file. The package lets itself be found by `import` only, and a config is read at once. */
const loadParser = (): typeof import('plist') => createRequire(import.meta.url)(fileURLToPath(import.meta.resolve('plist'))) as typeof import('plist');

export function readPlist({ file, shown, text, kind = 'file' }: SourceText, mapping: PlistMapping): ReadDocument {
  if (text.startsWith('bplist')) return broken(shown, 'a binary property list; write it as XML first (plutil -convert xml1)');
  if (!text.trimStart().startsWith('<')) return broken(shown, 'not an XML property list');
  let value: unknown;
  try {
    value = loadParser().parse(text);
  } catch (error) {
    return broken(shown, `not a valid XML property list: ${reasonOf(error).split('\n', 1)[0]}`);
  }
  if (!isMap(value)) return broken(shown, 'the property list must hold a <dict> of keys');
  const origin: Origin = { kind, source: shown, folder: dirname(file) };
  const raw = new ConfigDocument(copy(value) as ConfigMap);
  raw.setOrigin([], origin);
  for (const { path, line } of keyLines(text)) raw.setOrigin(path, { ...origin, line });
  return mapping(raw);
}

/** The YAML a person would have written: no anchors, no wrapped lines. */
export function documentToYaml(document: ConfigDocument): string {
  return stringify(document.value, { aliasDuplicateObjects: false, lineWidth: 0 });
}

function broken(shown: string, message: string): ReadDocument {
  return { document: new ConfigDocument(), problems: [{ code: 'KRN_SYNTAX', severity: 'error', file: shown, path: '', message }] };
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (!isMap(value) || Object.getPrototypeOf(value) !== Object.prototype) return value; // a Date, or data
  const map = emptyMap();
  for (const [key, next] of Object.entries(value)) map[key] = copy(next);
  return map;
}

/** The parser keeps no positions; the order of tags is enough to find each `<key>` again. */
function keyLines(text: string): readonly { readonly path: Path; readonly line: number }[] {
  const plain = text.replaceAll(/<!--[\s\S]*?-->/g, (comment) => comment.replaceAll(/[^\n]/g, ' '));
  const found: { path: Path; line: number }[] = [];
  const path: string[] = [];
  let key: string | undefined;
  let line = 1;
  let at = 0;
  for (const tag of plain.matchAll(/<(\/?)(dict|array|key)\s*(\/?)>([^<]*)/g)) {
    for (; at < tag.index; at++) if (plain[at] === '\n') line++;
    const [, closing, name, empty, content = ''] = tag;
    if (empty === '/') continue;
    if (name === 'key') {
      if (closing === '/') continue;
      key = unescapeXml(content.trim());
      found.push({ path: [...path, key], line });
    } else if (closing === '/') {
      path.pop();
    } else {
      // The outermost <dict> has no key; a <dict> inside an <array> keeps the array's place.
      path.push(key ?? '');
      key = undefined;
    }
  }
  return found.map(({ path: keys, line: at }) => ({ path: keys.filter((part) => part !== ''), line: at }));
}

function unescapeXml(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
