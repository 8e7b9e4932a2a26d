/** CALDAV:text-match (RFC 4791 §9.7.5) under one of the three collations. */
import type { Collation, MatchType, TextMatch } from './filter.ts';

/** A test of one text; the needle is folded once. */
export function textMatcher({ text, collation, negate, how = 'contains' }: TextMatch): (value: string) => boolean {
  const fold = FOLDS[collation];
  const needle = fold(text);
  const holds = HOW[how];
  return (value) => holds(fold(value), needle) !== negate;
}

const HOW: Readonly<Record<MatchType, (value: string, needle: string) => boolean>> = {
  contains: (value, needle) => value.includes(needle),
  equals: (value, needle) => value === needle,
  'starts-with': (value, needle) => value.startsWith(needle),
  'ends-with': (value, needle) => value.endsWith(needle),
};

const FOLDS: Readonly<Record<Collation, (text: string) => string>> = {
  'i;octet': (text) => text,
  'i;ascii-casemap': (text) => text.replace(/[a-z]+/g, (letters) => letters.toUpperCase()),
  'i;unicode-casemap': unicodeFold,
};

/** RFC 5051 §2: titlecase character by character (where that is one character), then compatibility decomposition. */
function unicodeFold(text: string): string {
  if (/^[\u0000-\u007F]*$/.test(text)) return text.toUpperCase();
  let folded = '';
  for (const char of text.normalize('NFKD')) {
    const upper = char.toUpperCase();
    folded += [...upper].length === 1 ? upper : char;
  }
  return folded.normalize('NFKD');
}
