/**
 * Octets to a tree of components (RFC 5545 §3.1, §3.4): breaks, folds, names, parameters and nesting, with the place of each line. Lenient where clients are
 * sloppy and the meaning is plain: LF alone, blank lines, over-long lines, odd letters in names. Everything else is a problem with its line.
 *
 * Works on one character per octet, so that a position is an octet offset and a fold inside a UTF-8 sequence heals; text is decoded when asked for. Values are
 * left as text.
 */
import { isUtf8 } from 'node:buffer';
import type { Component, Document, Parameters, Property, Source } from './component.ts';
import { MAX_DEPTH, MAX_PARAMETERS, MAX_PROBLEMS } from './limits.ts';
import type { Problem } from './problem.ts';

export interface ScanLimits {
  readonly octets: number; readonly components: number; readonly properties: number;
  /** Read on behind a bad line: what holds it is in `damaged`. */ readonly recover?: boolean;
}
/** `roots`: the top components, several in a file of many VCALENDARs. Without `recover`, what comes after the first problem was not read. */
export interface Scan {
  readonly document: Document; readonly roots: readonly Component[];
  /** Valid UTF-8 as it stands, without unfolding. */ readonly intact: boolean;
  readonly problem: Problem | undefined;
  /** With `recover`: one problem of each bad line, and the components inside VCALENDAR that hold one, with the first of it. */
  readonly problems: readonly Problem[]; readonly damaged: ReadonlyMap<Component, Problem>;
  /** With `recover`: what is wrong outside of any such component, or ended the reading. */ readonly loose?: Problem | undefined;
}

const BLANK = /^[ \t\r]*$/;
const NAME = /^[A-Za-z0-9_.-]+$/;
const CONTROL = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/;
/** U+FFFE and U+FFFF in UTF-8, which XML cannot carry. */
const NO_CHARACTER = /\u00EF\u00BF[\u00BE\u00BF]/;
const NON_ASCII = /[\u0080-\u00FF]/;

/** Reads everything at once; the octets must not change afterwards. A byte order mark is passed over. */
export function scan(received: Uint8Array, limits: ScanLimits): Scan {
  const steps = scanInSteps(received, limits, Infinity);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** The same, for bodies that are too large to be read in one go: yields after each `step` octets. */
export function* scanInSteps(received: Uint8Array, limits: ScanLimits, step: number): Generator<undefined, Scan> {
  const octets = received[0] === 0xef && received[1] === 0xbb && received[2] === 0xbf ? received.subarray(3) : received;
  if (octets.length > limits.octets) {
    return { document: { octets, copyable: false, utf8: false }, roots: [], intact: false, ...tooLarge(octets.length, limits.octets) };
  }
  const text = Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1');
  const intact = isUtf8(octets);
  const document: Document = { octets, copyable: intact && hasOnlyCrlf(text), utf8: intact };
  const scanner = new Scanner(text, document, limits);
  while (!scanner.run(step)) yield;
  const problem = scanner.problem ?? (intact ? undefined : encodingProblem(text)) ?? controlProblem(text);
  return { document, roots: scanner.roots, intact, problem, problems: scanner.problems, damaged: scanner.damaged, loose: scanner.loose };
}

function tooLarge(octets: number, limit: number): Pick<Scan, 'problem' | 'problems' | 'damaged' | 'loose'> {
  const problem: Problem = { kind: 'max-resource-size', rule: 'RFC 4791 §5.2.5', message: `${octets} octets, at most ${limit} are read` };
  return { problem, problems: [problem], damaged: new Map(), loose: problem };
}

function hasOnlyCrlf(text: string): boolean {
  if (!text.endsWith('\r\n')) return false;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) if (text.charCodeAt(at - 1) !== 13) return false;
  return true;
}

/** Old clients fold inside a UTF-8 sequence; then the unfolded octets are right, and the object is written anew. */
function encodingProblem(text: string): Problem | undefined {
  if (isUtf8(Buffer.from(text.replace(/\r?\n[ \t]/g, ''), 'latin1'))) return undefined;
  let line = 1;
  for (const part of text.split('\n')) {
    if (!isUtf8(Buffer.from(part, 'latin1'))) break;
    line++;
  }
  return { kind: 'valid-calendar-data', rule: 'RFC 5545 §3.1.4', line, message: 'not UTF-8' };
}

function controlProblem(text: string): Problem | undefined {
  let at = text.search(CONTROL);
  if (at === -1 && text.includes('\u00EF\u00BF')) at = text.search(NO_CHARACTER);
  if (at === -1) return undefined;
  const code = text.charCodeAt(at).toString(16).padStart(2, '0').toUpperCase();
  return { kind: 'valid-calendar-object-resource', rule: 'RFC 5545 §3.1', line: lineAt(text, at), message: `control character 0x${code}` };
}

function lineAt(text: string, position: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1 && at < position; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

/** Octets, one character each, as text. */
const decode = (octets: string): string => (NON_ASCII.test(octets) ? Buffer.from(octets, 'latin1').toString('utf8') : octets);

class ScannedProperty implements Property, Source {
  readonly name: string;
  readonly document: Document;
  readonly from: number;
  readonly to: number;
  readonly line: number;
  /** The unfolded line, one character per octet. */ readonly #raw: string;
  /** Where the name ends, and where the value's colon is. */ readonly #nameEnd: number;
  readonly #colon: number;
  #parameters: Parameters | undefined;
  #value: string | undefined;

  constructor(name: string, raw: string, nameEnd: number, colon: number, document: Document, from: number, to: number, line: number) {
    this.name = name;
    this.document = document;
    this.from = from;
    this.to = to;
    this.line = line;
    this.#raw = raw;
    this.#nameEnd = nameEnd;
    this.#colon = colon;
  }

  get source(): Source {
    return this;
  }

  get value(): string {
    this.#value ??= decode(this.#raw.slice(this.#colon + 1));
    return this.#value;
  }

  get parameters(): Parameters {
    this.#parameters ??= this.#nameEnd === this.#colon ? NO_PARAMETERS : readParameters(decode(this.#raw.slice(this.#nameEnd, this.#colon)));
    return this.#parameters;
  }
}
const NO_PARAMETERS: Parameters = new Map();

class ScannedComponent implements Component, Source {
  readonly name: string;
  readonly properties: Property[] = [];
  readonly components: Component[] = [];
  readonly document: Document;
  readonly from: number;
  readonly line: number;
  to: number;

  constructor(name: string, document: Document, from: number, line: number) {
    this.name = name;
    this.document = document;
    this.from = from;
    this.to = from;
    this.line = line;
  }

  get source(): Source {
    return this;
  }
}

class Scanner {
  readonly roots: ScannedComponent[] = [];
  readonly problems: Problem[] = [];
  readonly damaged = new Map<Component, Problem>();
  loose: Problem | undefined;
  readonly #text: string;
  readonly #document: Document;
  readonly #limits: ScanLimits;
  readonly #stack: ScannedComponent[] = [];
  #components = 0;
  #properties = 0;
  #exceeded = false;
  /** Where reading goes on, and its line. */ #at = 0;
  #nextLine = 1;

  constructor(text: string, document: Document, limits: ScanLimits) {
    this.#text = text;
    this.#document = document;
    this.#limits = limits;
  }

  get problem(): Problem | undefined {
    return this.problems[0];
  }

  /** A bad line ends the reading, unless we are to recover; a limit always does. */
  get #stopped(): boolean {
    return this.problems.length > 0 && (this.#limits.recover !== true || this.#exceeded);
  }

  /** About `step` octets of it, whole lines; true at the end. */
  run(step: number): boolean {
    const text = this.#text;
    const until = this.#at + step;
    let line = this.#nextLine;
    let from = this.#at;
    while (from < text.length && !this.#stopped) {
      if (from >= until) {
        this.#at = from;
        this.#nextLine = line;
        return false;
      }
      const first = line;
      let end = endOfLine(text, from);
      let raw = text.slice(from, trimReturn(text, from, end));
      line++;
      for (let next = end + 1; next < text.length; next = end + 1) {
        const code = text.charCodeAt(next);
        if (code !== 32 && code !== 9) break;
        end = endOfLine(text, next);
        raw += text.slice(next + 1, trimReturn(text, next, end));
        line++;
      }
      const to = Math.min(end + 1, text.length);
      if (raw.charCodeAt(0) > 32 || !BLANK.test(raw)) this.#line(raw, from, to, first);
      from = to;
    }
    const open = this.#stack.at(-1);
    if (!this.#stopped && open !== undefined) this.#fail(open.line, `BEGIN:${open.name} has no END`, 'RFC 5545 §3.4');
    return true;
  }

  #fail(line: number, message: string, rule: string): void {
    const problem: Problem = { kind: 'valid-calendar-data', rule, line, message };
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(problem);
    const holder = this.#stack[1];
    if (holder !== undefined && !this.damaged.has(holder)) this.damaged.set(holder, problem);
    if (holder === undefined || this.#exceeded) this.loose ??= problem;
  }

  #exceed(line: number, message: string): void {
    this.#exceeded = true;
    this.#fail(line, message, 'limit');
  }

  #line(raw: string, from: number, to: number, line: number): void {
    const nameEnd = endOfName(raw);
    const name = nameOf(raw, nameEnd);
    const colon = raw.charCodeAt(nameEnd) === 58 ? nameEnd : findColon(raw, nameEnd);
    if (colon === -1) return this.#fail(line, `no colon in ${excerpt(raw)}`, 'RFC 5545 §3.1');
    if (name === 'BEGIN') return this.#begin(decode(raw.slice(colon + 1)).trim().toUpperCase(), from, line);
    if (name === 'END') return this.#end(decode(raw.slice(colon + 1)).trim().toUpperCase(), to, line);
    if (!NAME.test(name)) return this.#fail(line, `no property name in ${excerpt(raw)}`, 'RFC 5545 §3.1');
    const component = this.#stack.at(-1);
    if (component === undefined) return this.#fail(line, `${excerpt(raw)} stands outside VCALENDAR`, 'RFC 5545 §3.4');
    if (++this.#properties > this.#limits.properties) return this.#exceed(line, `more than ${this.#limits.properties} properties`);
    component.properties.push(new ScannedProperty(name, raw, nameEnd, colon, this.#document, from, to, line));
  }

  #begin(name: string, from: number, line: number): void {
    if (!NAME.test(name)) return this.#fail(line, 'BEGIN without a name', 'RFC 5545 §3.6');
    if (++this.#components > this.#limits.components) return this.#exceed(line, `more than ${this.#limits.components} components`);
    if (this.#stack.length >= MAX_DEPTH) return this.#exceed(line, `components nested deeper than ${MAX_DEPTH}`);
    const component = new ScannedComponent(name, this.#document, from, line);
    const parent = this.#stack.at(-1);
    (parent === undefined ? this.roots : parent.components).push(component);
    this.#stack.push(component);
  }

  #end(name: string, to: number, line: number): void {
    const component = this.#stack.at(-1);
    if (component === undefined) return this.#fail(line, `END:${name} without BEGIN`, 'RFC 5545 §3.4');
    if (component.name !== name) {
      this.#fail(line, `END:${name} ends BEGIN:${component.name} of line ${component.line}`, 'RFC 5545 §3.4');
      // To recover: it ends what it names, and all that is open inside.
      while (this.#stack.length > 0 && this.#stack.some((open) => open.name === name) && this.#stack.at(-1)?.name !== name) this.#close(to);
      if (this.#stack.at(-1)?.name !== name) return;
    }
    this.#close(to);
  }

  #close(to: number): void {
    const component = this.#stack.pop();
    if (component !== undefined) component.to = to;
  }
}

/** Where the first colon or semicolon is, else the end. */
function endOfName(raw: string): number {
  for (let at = 0; at < raw.length; at++) {
    const code = raw.charCodeAt(at);
    if (code === 58 || code === 59) return at;
  }
  return raw.length;
}

/** In capitals; nearly all are already, and cost no other string. */
function nameOf(raw: string, end: number): string {
  const name = raw.slice(0, end);
  for (let at = 0; at < end; at++) {
    const code = raw.charCodeAt(at);
    if ((code < 65 || code > 90) && code !== 45 && (code < 48 || code > 57)) return name.trimEnd().toUpperCase();
  }
  return name;
}

function endOfLine(text: string, from: number): number {
  const at = text.indexOf('\n', from);
  return at === -1 ? text.length : at;
}

function trimReturn(text: string, from: number, end: number): number {
  let at = end;
  while (at > from && text.charCodeAt(at - 1) === 13) at--;
  return at;
}

/** A quote counts right behind `=` or `,` and only if it is closed: `CN=O"Neill` is a name. */
function findColon(raw: string, from: number): number {
  for (let at = from; at < raw.length; at++) {
    const code = raw.charCodeAt(at);
    if (code === 58) return at;
    if (code === 34 && isOpening(raw, at)) {
      const closing = raw.indexOf('"', at + 1);
      if (closing !== -1) at = closing;
    }
  }
  return -1;
}

function isOpening(raw: string, at: number): boolean {
  const before = raw.charCodeAt(at - 1);
  return before === 61 || before === 44;
}

/** `;NAME=value,"value"…` (RFC 5545 §3.2) with RFC 6868 decoded. A parameter without `=` has no values. */
export function readParameters(text: string): Parameters {
  const parameters = new Map<string, string[]>();
  let count = 0;
  for (let at = 0; at < text.length && count < MAX_PARAMETERS; ) {
    at++;
    let nameEnd = at;
    while (nameEnd < text.length && text[nameEnd] !== '=' && text[nameEnd] !== ';') nameEnd++;
    const name = text.slice(at, nameEnd).trim().toUpperCase();
    const values = parameters.get(name) ?? [];
    at = nameEnd;
    while (at < text.length && text[at] !== ';') {
      const end = valueEnd(text, at + 1);
      values.push(decodeParameter(text.slice(at + 1, end)));
      count++;
      at = end;
    }
    if (name !== '') parameters.set(name, values);
  }
  return parameters;
}

function valueEnd(text: string, from: number): number {
  let at = from;
  if (text[at] === '"') {
    const closing = text.indexOf('"', at + 1);
    if (closing !== -1) at = closing + 1;
  }
  while (at < text.length && text[at] !== ',' && text[at] !== ';') at++;
  return at;
}

function decodeParameter(value: string): string {
  const bare = value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  return bare.includes('^') ? bare.replace(/\^[n'^]/g, (pair) => (pair === '^n' ? '\n' : pair === "^'" ? '"' : '^')) : bare;
}

function excerpt(raw: string): string {
  const text = decode(raw);
  return `"${text.length > 60 ? `${text.slice(0, 60)}…` : text}"`;
}
