/** What is wrong with a directory file, each with its line: collected, never thrown one by one, so that an admin mends all in one go. */
import type { Document, LineCounter, Node } from 'yaml';

export interface Problem {
  readonly file: string;
  /** From 1. */ readonly line: number;
  /** `users[3].emails[0]`; empty for the whole file. */ readonly path: string;
  readonly message: string;
}
export type Path = readonly (string | number)[];

/** Finds lines for paths of one parsed document. */
export class ProblemList {
  readonly problems: Problem[] = [];
  readonly #file: string;
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;

  constructor(file: string, document: Document.Parsed, lines: LineCounter) {
    this.#file = file;
    this.#document = document;
    this.#lines = lines;
  }

  add(path: Path, message: string): void {
    this.problems.push({ file: this.#file, line: this.lineOf(path), path: spell(path), message });
  }

  addAt(offset: number, message: string): void {
    this.problems.push({ file: this.#file, line: this.#lines.linePos(offset).line, path: '', message });
  }

  /** Of the node itself, or of the nearest one above it that is there: a missing key is shown at its record. */
  lineOf(path: Path): number {
    for (let length = path.length; length > 0; length--) {
      const node = this.#document.getIn(path.slice(0, length), true) as Node | null | undefined;
      const offset = node?.range?.[0];
      if (offset !== undefined) return this.#lines.linePos(offset).line;
    }
    return 1;
  }
}

/** A file with problems. Its message is the whole list. */
export class DirectoryFileError extends Error {
  override readonly name = 'DirectoryFileError';
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems.map(({ file, line, path, message }) => `${file}:${line}  ${path === '' ? '' : `${path}: `}${message}`).join('\n'));
    this.problems = problems;
  }
}

function spell(path: Path): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${part}`)).join('');
}
