/**
 * What is wrong with calendar data, precisely enough for a person to repair it: which rule of which RFC, on which line, and which CalDAV precondition
 * the protocol answers with. Problems are values; nothing in this package throws one.
 */

/**
 * The precondition of RFC 4791 §5.3.2.1 that a problem deserves, by its element name; caldav turns it into the error element.
 */
export type ProblemKind =
  | 'valid-calendar-data'
  | 'valid-calendar-object-resource'
  | 'supported-calendar-component'
  | 'valid-timezone'
  | 'supported-rscale'
  | 'max-resource-size'
  | 'max-instances';

export interface Problem {
  readonly kind: ProblemKind;
  /** For example `RFC 5545 §3.8.2.4`. */
  readonly rule: string;
  /** From 1, of the first physical line; absent where the whole object is meant. */
  readonly line?: number;
  /** One sentence for people, with the offending text. */
  readonly message: string;
}

/** One sentence for logs and answers: rule, line and message. */
export function describeProblem({ rule, line, message }: Problem): string {
  return line === undefined ? `${message} (${rule})` : `line ${line}: ${message} (${rule})`;
}
