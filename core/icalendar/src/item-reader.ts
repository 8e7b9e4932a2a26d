/** The narrow door through which a store that keeps files reads them back (rebuild, verify, rescan) without knowing ICS. */
import type { EpochSeconds, ItemReader } from '@kalends/contracts';
import { COVER_AHEAD_SECONDS, deriveFacts } from './facts.ts';
import { parse } from './parse.ts';
import { describeProblem } from './problem.ts';
import type { Problem } from './problem.ts';
import { validate } from './validate.ts';

/** `now` gives epoch seconds: endless series are covered from there on for COVER_AHEAD_SECONDS. Repairs nothing: a store's octets are not ours to change. */
export function createItemReader(now: () => EpochSeconds): ItemReader {
  return {
    read(body) {
      const { object, problems } = parse(body);
      if (problems !== undefined) return refuse(problems);
      const found = validate(object);
      if (found.length > 0) return refuse(found);
      const derived = deriveFacts(object, now() + COVER_AHEAD_SECONDS);
      if (derived.problems !== undefined) return refuse(derived.problems);
      return { component: object.component, uid: object.uid, facts: derived.facts };
    },
  };
}

function refuse(problems: readonly Problem[]): { readonly problem: string } {
  return { problem: problems.map(describeProblem).join('; ') };
}
