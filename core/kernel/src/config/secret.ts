/**
 * Secrets in a config: a field type, and what keeps their values out of problems, logs and `config show`.
 * A plugin gets the text itself. The mark is JSON Schema's `writeOnly`, so it survives in `schema.json` and in a plugin's own copy of zod.
 */
import { z } from 'zod';

/** A field that holds a secret: write `{ env: NAME }` or `{ file: PATH }` there; the text itself works too and earns a warning. */
export function secret(): z.ZodString {
  return z.string().min(1).meta({ writeOnly: true });
}

/** What stands in the place of a secret. */
export const HIDDEN = '(secret)';

/** Field names whose values are hidden wherever they are logged or shown, declared or not. */
const TELLING_NAME = /pass(?:word|phrase|wd)?$|secret|token$|credential|authorization|cookie|private-?key|api-?key/i;

export function namesSecret(key: string): boolean {
  return TELLING_NAME.test(key);
}

/** Replaces known secrets in text that is about to leave the process. */
export class Redactor {
  readonly #known = new Set<string>();

  /** Shorter ones are not looked for: a three-letter password would blot out ordinary words and thereby tell itself. */
  learn(value: string): void {
    if (value.length >= 6) this.#known.add(value);
  }

  clean(text: string): string {
    let cleaned = text;
    for (const value of this.#known) if (cleaned.includes(value)) cleaned = cleaned.replaceAll(value, HIDDEN);
    return cleaned;
  }
}
