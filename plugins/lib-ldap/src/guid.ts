/** Binary identifiers of Active Directory as text and back. */

/** objectGUID: the first three fields are little-endian (MS-DTYP §2.3.4). Lower case, as the directory takes it in `<GUID=…>`. */
export function guidText(octets: Buffer): string | undefined {
  if (octets.length !== 16) return undefined;
  const hex = Buffer.concat([octets.subarray(0, 4).toReversed(), octets.subarray(4, 6).toReversed(), octets.subarray(6, 8).toReversed(), octets.subarray(8)].map((part) => Buffer.from(part))).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Undefined: not a GUID in the one spelling that `guidText` gives. */
export function guidOctets(text: string): Buffer | undefined {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) return undefined;
  const plain = Buffer.from(text.replaceAll('-', ''), 'hex');
  return Buffer.concat([plain.subarray(0, 4).toReversed(), plain.subarray(4, 6).toReversed(), plain.subarray(6, 8).toReversed(), plain.subarray(8)].map((part) => Buffer.from(part)));
}

/** The SID of the same domain with another last number (MS-DTYP §2.4.2.2). */
export function siblingSid(sid: Buffer, relativeId: number): Buffer {
  const sibling = Buffer.from(sid);
  sibling.writeUInt32LE(relativeId, sibling.length - 4);
  return sibling;
}

export function relativeIdOf(sid: Buffer): number {
  return sid.readUInt32LE(sid.length - 4);
}
