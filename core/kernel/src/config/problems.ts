/**
 * What is wrong with a config, as data: collected from every step, printed together, each with its place and what to do about it.
 * A message never holds the value of a secret.
 */
export type ProblemCode =
  | 'KRN_UNREADABLE' | 'KRN_SYNTAX' | 'KRN_UNKNOWN_KEY' | 'KRN_BAD_VALUE' | 'KRN_REFERENCE' | 'KRN_SECRET_LITERAL' | 'KRN_HIDDEN'
  | 'KRN_USE' | 'KRN_BROKEN_MODULE' | 'KRN_API' | 'KRN_DUPLICATE' | 'KRN_OPTIONAL'
  | 'KRN_GRAPH_MISSING' | 'KRN_GRAPH_TWICE' | 'KRN_GRAPH_CYCLE' | 'KRN_SETUP'
  /** Said by the composition about its own sections. */
  | 'KRN_REFUSED';

export interface Problem {
  readonly code: ProblemCode;
  /** A warning does not stop the boot. */
  readonly severity: 'error' | 'warning';
  /** A file as the admin wrote it, `environment`, `command line`; absent for what concerns the graph as a whole. */
  readonly file?: string | undefined;
  /** From 1. */
  readonly line?: number | undefined;
  /** Keys from the top, joined by dots; empty for the graph as a whole. */
  readonly path: string;
  readonly message: string;
  /** One sentence on what to do. */
  readonly remedy?: string | undefined;
}

/** Lines for a terminal or a log: one for each problem and an arrow line for its remedy. Empty text for no problems. */
export function formatProblems(problems: readonly Problem[], title = 'config problems'): string {
  if (problems.length === 0) return '';
  const places = problems.map(placeOf);
  const width = Math.min(40, Math.max(...places.map((place) => place.length)));
  const lines = [`${title} (${problems.length}):`];
  for (const [index, problem] of problems.entries()) {
    const subject = problem.path === '' ? '' : `${problem.path}: `;
    const warning = problem.severity === 'warning' ? 'warning: ' : '';
    lines.push(`  ${(places[index] ?? '').padEnd(width)}  ${warning}${subject}${problem.message}`);
    if (problem.remedy !== undefined) lines.push(`  ${' '.repeat(width)}  → ${problem.remedy}`);
  }
  return lines.join('\n');
}

/** True when something must be repaired before the server can run. */
export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => problem.severity === 'error');
}

function placeOf({ file, line }: Problem): string {
  if (file === undefined) return '(graph)';
  return line === undefined ? file : `${file}:${line}`;
}
