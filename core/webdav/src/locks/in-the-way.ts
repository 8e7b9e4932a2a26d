/** The answer to a write that a lock is in the way of. What is locked is named to whoever may see it; to others the whole is locked, which is all they may know. */
import { READ } from '@kalends/contracts';
import { DavError } from '../errors/dav-error.ts';
import { lockTokenSubmitted } from '../errors/preconditions.ts';
import type { EngineRequest } from '../engine.ts';

const SENTENCE = 'Somebody has locked this, or holds the lock that this needs: submit its token in an If field.';

export class LocksInTheWay extends DavError {
  readonly #hrefs: readonly string[];

  constructor(hrefs: readonly string[]) {
    const { status, condition, message } = lockTokenSubmitted(hrefs, SENTENCE);
    super(status, { condition: condition!, detail: message });
    this.#hrefs = hrefs;
  }

  async asSeenBy(request: EngineRequest): Promise<DavError> {
    const named = new Set<string>();
    for (const href of this.#hrefs) {
      const judged = href === request.href ? undefined : await request.judge(href, { acl: true });
      named.add(judged !== undefined && (judged.access & READ) === READ ? href : request.href);
    }
    return lockTokenSubmitted([...named], SENTENCE);
  }
}
