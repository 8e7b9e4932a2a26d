/**
 * One YAML file → a `ConfigDocument` whose values know their lines, or the syntax problems of the file.
 * Messages never quote the file: the line in question may hold a secret.
 */
import { dirname } from 'node:path';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document, Node } from 'yaml';
import { ConfigDocument, emptyMap, formatPath } from './document.ts';
import type { Origin, Path } from './document.ts';
import type { Problem } from './problems.ts';

export interface SourceText {
  /** Absolute. */
  readonly file: string;
  /** As shown to people. */
  readonly shown: string;
  readonly text: string;
  readonly kind?: Origin['kind'];
}

/** Aliases (`*name`) in one file; more than any hand would write is an attempt to blow it up. */
const MAX_ALIASES = 100;

export function readYaml({ file, shown, text, kind = 'file' }: SourceText): { readonly document: ConfigDocument; readonly problems: readonly Problem[] } {
  const lines = new LineCounter();
  const parsed = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, merge: false });
  // A key that stands twice is found again below, by its path; the rest can be read all the same.
  const unreadable = parsed.errors.filter(({ code }) => code !== 'DUPLICATE_KEY').map((error): Problem => ({
    code: 'KRN_SYNTAX', severity: 'error', file: shown, line: lines.linePos(error.pos[0]).line, path: '', message: `not valid YAML: ${firstLine(error.message)}`,
  }));
  if (unreadable.length > 0) return { document: new ConfigDocument(), problems: unreadable };
  if (parsed.contents !== null && !isMap(parsed.contents) && !(isScalar(parsed.contents) && parsed.contents.value === null)) {
    return { document: new ConfigDocument(), problems: [{ code: 'KRN_SYNTAX', severity: 'error', file: shown, line: 1, path: '', message: 'a config is a map of keys' }] };
  }
  const document = new ConfigDocument(emptyMap());
  const origin: Origin = { kind, source: shown, folder: dirname(file) };
  document.setOrigin([], origin);
  const walk = new Walk(parsed, lines, origin, document);
  walk.into(document.value, [], parsed.contents);
  return { document, problems: walk.problems };
}

class Walk {
  readonly #parsed: Document;
  readonly #lines: LineCounter;
  readonly #origin: Origin;
  readonly #document: ConfigDocument;
  readonly problems: Problem[] = [];
  #aliases = 0;

  constructor(parsed: Document, lines: LineCounter, origin: Origin, document: ConfigDocument) {
    this.#parsed = parsed;
    this.#lines = lines;
    this.#origin = origin;
    this.#document = document;
  }

  into(map: Record<string, unknown>, path: Path, node: unknown): void {
    if (!isMap(node)) return;
    for (const { key, value } of node.items) {
      const name = String(isScalar(key) ? key.value : key);
      const here = [...path, name];
      if (Object.hasOwn(map, name)) this.#complain(here, key as Node);
      this.#mark(here, key as Node);
      map[name] = this.#value(here, value);
    }
  }

  #complain(path: Path, key: Node): void {
    const line = key.range === null || key.range === undefined ? undefined : this.#lines.linePos(key.range[0]).line;
    const message = `stands twice in its map, first on line ${String(this.#document.originOf(path)?.line ?? '?')}`;
    this.problems.push({ code: 'KRN_DUPLICATE', severity: 'error', file: this.#origin.source, line, path: formatPath(path), message, remedy: 'remove one of the two, or give it another name' });
  }

  #value(path: Path, node: unknown): unknown {
    if (isAlias(node)) {
      if (++this.#aliases > MAX_ALIASES) throw new RangeError(`more than ${MAX_ALIASES} aliases in ${this.#origin.source}`);
      return this.#value(path, node.resolve(this.#parsed));
    }
    if (isMap(node)) {
      const map = emptyMap();
      this.into(map, path, node);
      return map;
    }
    if (isSeq(node)) {
      return node.items.map((item, index) => {
        const here = [...path, String(index)];
        this.#mark(here, item as Node);
        return this.#value(here, item);
      });
    }
    return isScalar(node) ? node.value : null;
  }

  #mark(path: Path, node: Node | null): void {
    const offset = node?.range?.[0];
    if (offset !== undefined) this.#document.setOrigin(path, { ...this.#origin, line: this.#lines.linePos(offset).line });
  }
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? message;
}
