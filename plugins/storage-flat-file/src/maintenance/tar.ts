/** POSIX.1-1988 tar (ustar) as a stream of small members: as much of it as a home's archive needs. Names are ours, short and ASCII. */
import { StoreError } from '@kalends/contracts';

const block = 512;
const zero = 0x30;

export interface TarMember { readonly name: string; readonly body: Uint8Array }

/** Header, octets, padding. */
export function tarMember({ name, body }: TarMember): Uint8Array {
  const padded = Math.ceil(body.byteLength / block) * block;
  const member = Buffer.alloc(block + padded);
  const octal = (at: number, width: number, value: number): void => { member.write(value.toString(8).padStart(width - 1, '0'), at, 'latin1'); };
  member.write(name, 0, 100, 'latin1');
  octal(100, 8, 0o600);
  octal(108, 8, 0);
  octal(116, 8, 0);
  octal(124, 12, body.byteLength);
  octal(136, 12, 0);
  member.fill(0x20, 148, 156);
  member.writeUInt8(zero, 156);
  member.write('ustar\u000000', 257, 'latin1');
  octal(148, 7, checksum(member));
  member.writeUInt8(0, 154);
  member.set(body, block);
  return member;
}

export const tarEnd = new Uint8Array(2 * block);

/** @throws StoreError `corrupt` where the stream is no such tar, or ends too early */
export async function* tarMembers(content: AsyncIterable<Uint8Array>): AsyncGenerator<TarMember> {
  const source = new Octets(content);
  for (;;) {
    const header = await source.take(block);
    if (header.every((octet) => octet === 0)) return;
    const field = (at: number, width: number): string => header.toString('latin1', at, at + width).split('\u0000', 1)[0]!.trim();
    if (field(257, 6) !== 'ustar' || Number.parseInt(field(148, 8), 8) !== checksum(header)) throw new StoreError('corrupt', 'this is no archive of a home');
    const size = Number.parseInt(field(124, 12), 8);
    const body = await source.take(size);
    await source.take((block - (size % block)) % block);
    yield { name: field(0, 100), body };
  }
}

/** The sum of the header's octets, its own field read as blanks. */
function checksum(header: Buffer): number {
  let sum = 0;
  for (let at = 0; at < block; at++) sum += at >= 148 && at < 156 ? 0x20 : header[at]!;
  return sum;
}

class Octets {
  readonly #source: AsyncIterator<Uint8Array>;
  #chunks: Uint8Array[] = [];
  #length = 0;

  constructor(content: AsyncIterable<Uint8Array>) {
    this.#source = content[Symbol.asyncIterator]();
  }

  async take(length: number): Promise<Buffer> {
    while (this.#length < length) {
      const { done, value } = await this.#source.next();
      if (done === true) throw new StoreError('corrupt', 'the archive ends too early');
      this.#chunks.push(value);
      this.#length += value.byteLength;
    }
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all.subarray(length)];
    this.#length -= length;
    return all.subarray(0, length);
  }
}
