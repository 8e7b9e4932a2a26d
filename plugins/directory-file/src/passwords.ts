/**
 * argon2id, at most two at once in this process: each takes 19 MiB and 6 to 7 ms of a core, so a flood of guesses must wait in line, not in memory.
 * Passwords are compared in NFC (RFC 8265 §4.2.2), so that two keyboards give one password.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';

const AT_ONCE = 2;
/** Two seconds' worth: whoever would wait longer has a client that gave up. */
const WAITING = 200;

export class PasswordChecker {
  readonly #mostWaiting: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  readonly #nobodys = new Map<string, Promise<string>>();

  constructor(mostWaiting = WAITING) {
    this.#mostWaiting = mostWaiting;
  }

  /** Undefined: too many are waiting. */
  async matches(argon2id: string, password: string): Promise<boolean | undefined> {
    if (this.#waiting.length >= this.#mostWaiting) return undefined;
    await this.#enter();
    try {
      return await verify(argon2id, password.normalize('NFC'));
    } finally {
      this.#leave();
    }
  }

  /** Costs what `matches` costs with a hash like `alike` and is never true: an unknown account must take as long as a known one. */
  async matchesNobody(password: string, alike?: string): Promise<false | undefined> {
    const matched = await this.matches(await this.#nobodysHash(alike), password);
    return matched === undefined ? undefined : false;
  }

  /** Makes the hash of nobody, so that not even the first unknown account takes longer. */
  async prepare(alike?: string): Promise<void> {
    await this.#nobodysHash(alike);
  }

  #nobodysHash(alike: string | undefined): Promise<string> {
    const costs = costOf(alike);
    const name = JSON.stringify(costs);
    const made = this.#nobodys.get(name) ?? hash(randomBytes(18).toString('base64'), costs);
    this.#nobodys.set(name, made);
    return made;
  }

  async #enter(): Promise<void> {
    if (this.#running < AT_ONCE) this.#running++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The place goes straight to the next in line. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
  }
}

/** What a stored hash asks for; the library's defaults where there is none. */
function costOf(argon2id: string | undefined): { readonly memoryCost?: number; readonly timeCost?: number; readonly parallelism?: number } {
  const [, memory, time, parallelism] = /\$m=(\d+),t=(\d+),p=(\d+)\$/.exec(argon2id ?? '') ?? [];
  return memory === undefined ? {} : { memoryCost: Number(memory), timeCost: Number(time), parallelism: Number(parallelism) };
}

/** The library's defaults: argon2id, 19 MiB, two passes, a random salt. */
export function hashPassword(password: string): Promise<string> {
  return hash(password.normalize('NFC'));
}

/** HA1 of RFC 7616 §3.4.2, in lower-case hex. */
export function digestOf(algorithm: 'MD5' | 'SHA-256', account: string, realm: string, password: string): string {
  return createHash(algorithm === 'MD5' ? 'md5' : 'sha256').update(`${account}:${realm}:${password.normalize('NFC')}`).digest('hex');
}

/** Equal texts, in time that does not tell how much of them is equal. */
export function sameText(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => createHash('sha256').update(text.normalize('NFC')).digest());
  return timingSafeEqual(left ?? Buffer.alloc(0), right ?? Buffer.alloc(0));
}
