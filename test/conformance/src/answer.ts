/** What came back for a request, and what a verifier says about it. */
import type { ServerInfo } from './server-info.ts';

export interface Answer {
  readonly status: number;
  /** Names as sent, one entry for each line. */ readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export function headerLines(answer: Answer, name: string): readonly string[] {
  return answer.headers.filter(([one]) => one.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

export interface Verification {
  /** As it was asked for, variables filled in, not percent-encoded. */ readonly uri: string;
  readonly answer: Answer;
  readonly info: ServerInfo;
  /** Values by argument, variables filled in. */ readonly values: ReadonlyMap<string, readonly string[]>;
  /** A file of the suite, variables filled in. @throws Error when there is none */ readFile(path: string): Promise<string>;
}

/** Complaints; none: passed. A body that cannot be read at all may be thrown. */
export type Verifier = (verification: Verification) => readonly string[] | Promise<readonly string[]>;

export function given({ values }: Verification, name: string): readonly string[] {
  return values.get(name) ?? [];
}

export function wrongStatus({ answer }: Verification): readonly string[] {
  return [`HTTP status ${answer.status}`];
}
