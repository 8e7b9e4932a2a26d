/** Deterministic numbers from a seed (xorshift128 fed by a hash): every server gets the same data. */
import { createHash } from 'node:crypto';

export interface Random {
  /** In [0, 1). */ next(): number;
  /** Whole, both ends inside. */ between(low: number, high: number): number;
  pick<T>(of: readonly T[]): T;
}

export function randomFrom(seed: string): Random {
  const hash = createHash('sha256').update(seed).digest();
  let [a, b, c, d] = [hash.readUInt32LE(0) | 1, hash.readUInt32LE(4), hash.readUInt32LE(8), hash.readUInt32LE(12)];
  const next = (): number => {
    const t = a ^ (a << 11);
    [a, b, c] = [b, c, d];
    d = (d ^ (d >>> 19) ^ (t ^ (t >>> 8))) >>> 0;
    return d / 4_294_967_296;
  };
  return {
    next,
    between: (low, high) => low + Math.floor(next() * (high - low + 1)),
    pick: (of) => of[Math.floor(next() * of.length)]!,
  };
}
