/** Field types of the top sections: sizes, counts and spans as people write them. `none` means no limit. */
import { z } from 'zod';

const UNITS = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;
const SPANS = { s: 1, m: 60, h: 3_600, d: 86_400, y: 31_557_600 } as const;

const none = z.literal('none').transform(() => Infinity);

/** `2GiB`, `512 KiB`, a plain number of octets, or `none`. */
export function octets() {
  const written = z.string().regex(/^\d+ ?(?:B|KiB|MiB|GiB|TiB)$/).describe('A size as 10MiB, 2GiB or a number of octets').transform((text) => {
    const unit = /[A-Za-z]+$/.exec(text)?.[0] as keyof typeof UNITS;
    return Number.parseInt(text, 10) * UNITS[unit];
  });
  return z.union([z.int().min(0), none, written]);
}

/** A whole number, or `none`. */
export function count() {
  return z.union([z.int().min(1), none]);
}

/** `365d`, `5y`, a plain number of seconds, or `none`. */
export function span() {
  const written = z.string().regex(/^\d+ ?[smhdy]$/).describe('A span of time as 30d, 5y or a number of seconds').transform((text) => Number.parseInt(text, 10) * SPANS[text.at(-1) as keyof typeof SPANS]);
  return z.union([z.int().min(0), none, written]);
}
