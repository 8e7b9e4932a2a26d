/** What the service refuses, as problem details (RFC 7807) with the types of RFC 7808 §4.1.7; `error-code` is how the drafts before it, and clients since, name the same. */

export type ProblemCode = 'invalid-action' | 'invalid-changedsince' | 'tzid-not-found' | 'invalid-format' | 'invalid-start' | 'invalid-end' | 'invalid-pattern';

const STATUS: Readonly<Record<ProblemCode, number>> = {
  'invalid-action': 400, 'invalid-changedsince': 400, 'tzid-not-found': 404, 'invalid-format': 406, 'invalid-start': 400, 'invalid-end': 400, 'invalid-pattern': 400,
};

export class Problem extends Error {
  readonly code: ProblemCode;

  /** `title`: a sentence for people. */
  constructor(code: ProblemCode, title: string) {
    super(title);
    this.code = code;
  }

  get status(): number {
    return STATUS[this.code];
  }

  get body(): object {
    return { type: `urn:ietf:params:tzdist:error:${this.code}`, title: this.message, status: this.status, 'error-code': this.code };
  }
}
