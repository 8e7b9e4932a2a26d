/**
 * Reads which keys a keytab holds, so that a wrong one is told at boot and not with the first log-in. MIT's file format, version 2 (0x0502), big-endian. Keys are
 * neither kept nor told. Whether a key is the right one only a ticket can show.
 */
export interface KeytabEntry {
  /** As `HTTP/calendar.example.com`. */ readonly name: string;
  readonly realm: string;
  readonly version: number;
  /** RFC 3961's number: 17 and 18 are AES, 23 is RC4. */ readonly encryption: number;
}

/** @throws Error where the octets are no keytab of this format */
export function readKeytab(octets: Uint8Array): readonly KeytabEntry[] {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  if (octets.byteLength < 2 || view.getUint16(0) !== 0x0502) throw new Error('not a keytab (its first octets are not 05 02)');
  const entries: KeytabEntry[] = [];
  for (let at = 2; at + 4 <= octets.byteLength;) {
    const size = view.getInt32(at);
    at += 4;
    if (size === 0) break;
    // A hole, where a key was removed.
    if (size > 0) entries.push(readEntry(new Fields(octets, at, at + size)));
    at += Math.abs(size);
  }
  return entries;
}

function readEntry(fields: Fields): KeytabEntry {
  const components = fields.uint16();
  const realm = fields.text();
  const name = Array.from({ length: components }, () => fields.text()).join('/');
  fields.skip(8); // The kind of name, and when the key was added.
  const shortVersion = fields.uint8();
  const encryption = fields.uint16();
  fields.skip(fields.uint16());
  const version = fields.left >= 4 ? fields.uint32() : 0;
  return { name, realm, version: version === 0 ? shortVersion : version, encryption };
}

/** From one end of an entry to the other, never beyond. */
class Fields {
  readonly #view: DataView;
  readonly #octets: Uint8Array;
  #at = 0;

  constructor(octets: Uint8Array, from: number, to: number) {
    if (to > octets.byteLength) throw new Error('the keytab ends in the middle of a key');
    this.#octets = octets.subarray(from, to);
    this.#view = new DataView(octets.buffer, octets.byteOffset + from, to - from);
  }

  get left(): number { return this.#octets.byteLength - this.#at; }

  uint8(): number { return this.#view.getUint8(this.#take(1)); }
  uint16(): number { return this.#view.getUint16(this.#take(2)); }
  uint32(): number { return this.#view.getUint32(this.#take(4)); }
  skip(octets: number): void { this.#take(octets); }
  text(): string {
    const length = this.uint16();
    const at = this.#take(length);
    return new TextDecoder().decode(this.#octets.subarray(at, at + length));
  }

  #take(octets: number): number {
    if (octets > this.left) throw new Error('the keytab has a key that is cut short');
    const at = this.#at;
    this.#at += octets;
    return at;
  }
}
