/** Distinguished names (RFC 4514): taken apart, compared, joined. Knows no schema, so values are compared without regard to case and to runs of spaces. */
import { SettingError } from '@kalends/kernel';

export interface Rdn { readonly attribute: string; readonly value: string }
export interface ParsedDn {
  /** Undefined where the last name has several parts (`cn=a+sn=b`). */ readonly first: Rdn | undefined;
  /** As written. */ readonly parent: string;
}

/** Undefined: no DN. */
export function parseDn(dn: string): ParsedDn | undefined {
  const [head = '', ...rest] = split(dn, ',');
  const parts = split(head, '+');
  const equals = head.indexOf('=');
  if (equals < 1) return undefined;
  const parent = rest.length === 0 ? '' : dn.slice(head.length + 1).trimStart();
  if (parts.length > 1 || head.slice(equals + 1).trimStart().startsWith('#')) return { first: undefined, parent };
  return { first: { attribute: head.slice(0, equals).trim(), value: unescape(head.slice(equals + 1)) }, parent };
}

/** One text for all spellings of one DN. */
export function dnKey(dn: string): string {
  return split(dn, ',').map((rdn) => {
    const equals = rdn.indexOf('=');
    return `${rdn.slice(0, equals).trim()}=${unescape(rdn.slice(equals + 1)).replaceAll('\n', '\\n').replaceAll(/ +/g, ' ')}`.toLowerCase().normalize('NFC');
  }).join('\n');
}

/** Whether `dn` lies at or below `base`. */
export function isBelow(dn: string, base: string): boolean {
  const [one, other] = [dnKey(dn), dnKey(base)];
  return base === '' || one === other || one.endsWith(`\n${other}`);
}

/** False: perhaps, in another spelling. */
export function isPlainlyBelow(dn: string, base: string): boolean {
  const comma = dn.length - base.length - 1;
  return comma > 0 && dn[comma] === ',' && dn[comma - 1] !== '\\' && dn.endsWith(base);
}

/** The nearest that all lie below, or at; undefined: there is none but the root of all. */
export function commonBase([first = '', ...others]: readonly string[]): string | undefined {
  let base = first;
  while (base !== '' && !others.every((other) => isBelow(other, base))) base = parseDn(base)?.parent ?? '';
  return base === '' ? undefined : base;
}

/** A base of a config. @throws SettingError */
export function checkDn(dn: string, setting: readonly string[]): void {
  for (let rest = dn; rest !== '';) {
    const parsed = parseDn(rest);
    if (parsed === undefined) throw new SettingError(setting, `${dn} is no distinguished name`, { remedy: 'write it as ou=people,dc=example,dc=com' });
    rest = parsed.parent;
  }
}

/** A base of a config: whole, or relative to `root`. */
export function join(base: string, root: string): string {
  if (base === '') return root;
  return isBelow(base, root) ? base : `${base},${root}`;
}

function split(text: string, separator: string): readonly string[] {
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === separator) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, text.slice(from)];
}

/** RFC 4514 §3: `\2C` is an octet of UTF-8, `\,` a comma; spaces at the ends count only where escaped. */
function unescape(value: string): string {
  const trimmed = withoutEnds(value);
  const octets: number[] = [];
  for (let at = 0; at < trimmed.length;) {
    const [, hex] = /^\\([0-9A-Fa-f]{2})/.exec(trimmed.slice(at, at + 3)) ?? [];
    if (hex !== undefined) {
      octets.push(Number.parseInt(hex, 16));
      at += 3;
      continue;
    }
    if (trimmed[at] === '\\') at++;
    const character = String.fromCodePoint(trimmed.codePointAt(at) ?? 0x5c);
    octets.push(...Buffer.from(character, 'utf8'));
    at += character.length;
  }
  return Buffer.from(octets).toString('utf8');
}

/** No pattern: one that looks for spaces at the end tries each run of them. */
function withoutEnds(value: string): string {
  let [from, to, escapes] = [0, value.length, 0];
  while (value[from] === ' ') from++;
  while (to > from && value[to - 1] === ' ') to--;
  while (value[to - 1 - escapes] === '\\') escapes++;
  return value.slice(from, escapes % 2 === 1 ? to + 1 : to);
}
