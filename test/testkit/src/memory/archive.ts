/**
 * The archive of one home, as `StoreMaintenance` describes it: POSIX tar (ustar) of small JSON files and bodies. Written here as a stream of members, read
 * back the same way; what the members mean is `memory-maintenance.ts`'s business.
 */
import { StoreError } from '@kalends/contracts';
import type { Ace, Attachment, CollectionId, ComponentKind, ETag, EpochSeconds, HomeOwner, ItemFacts, ItemName, PrincipalId } from '@kalends/contracts';

export interface ArchivedHome { readonly format: 1; readonly owner: HomeOwner; readonly root: CollectionId }
export interface ArchivedCollection {
  readonly id: CollectionId; readonly parent?: CollectionId; readonly segment: string; readonly kind: string; readonly created: EpochSeconds;
  readonly properties: Readonly<Record<string, string>>; readonly personal: Readonly<Record<PrincipalId, Readonly<Record<string, string>>>>; readonly acl: readonly Ace[];
}
export interface ArchivedItem {
  readonly collection: CollectionId; readonly name: ItemName; readonly contentType: string; readonly component?: ComponentKind; readonly uid?: string;
  readonly scheduleTag?: ETag; readonly created: EpochSeconds; readonly modified: EpochSeconds; readonly facts?: ArchivedFacts;
  readonly acl?: readonly Ace[]; readonly dead: Readonly<Record<string, string>>; readonly attachments: readonly Attachment[];
  readonly personal: readonly { readonly principal: PrincipalId; readonly patch: string; readonly facts: ArchivedFacts }[];
}
/** Without a name: the collection itself. */
export interface ArchivedRemoval { readonly collection: CollectionId; readonly name?: ItemName }
export type ArchivedFacts = Omit<ItemFacts, 'occurrences' | 'slices'> & { readonly occurrences: string; readonly slices: string };

export function archiveFacts(facts: ItemFacts): ArchivedFacts {
  return { ...facts, occurrences: base64(facts.occurrences), slices: base64(facts.slices) };
}
export function restoreFacts(facts: ArchivedFacts): ItemFacts {
  return { ...facts, occurrences: octets(facts.occurrences), slices: octets(facts.slices) };
}
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
export function octets(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}

/** One member with its header (POSIX.1-1988 ustar), padded to 512 octets. */
export function tarMember(name: string, body: Uint8Array): Uint8Array {
  const header = Buffer.alloc(512);
  const field = (at: number, text: string): void => void header.write(text, at, 'latin1');
  field(0, name);
  field(100, '0000644\0');
  field(108, '0000000\0');
  field(116, '0000000\0');
  field(124, `${body.length.toString(8).padStart(11, '0')}\0`);
  field(136, '00000000000\0');
  field(148, '        ');
  field(156, '0');
  field(257, 'ustar\x0000');
  const sum = header.reduce((total, byte) => total + byte, 0);
  field(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  return new Uint8Array(Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]));
}

export const TAR_END = new Uint8Array(1024);

/** @throws StoreError `corrupt` where the stream is no tar or ends too early */
export async function* tarMembers(content: AsyncIterable<Uint8Array>): AsyncGenerator<{ readonly name: string; readonly body: Uint8Array }> {
  const source = content[Symbol.asyncIterator]();
  let rest: Buffer<ArrayBufferLike> = Buffer.alloc(0);
  const take = async (length: number): Promise<Buffer> => {
    while (rest.length < length) {
      const { done, value } = await source.next();
      if (done) throw new StoreError('corrupt', 'the archive ends too early');
      rest = Buffer.concat([rest, value]);
    }
    const taken = rest.subarray(0, length);
    rest = rest.subarray(length);
    return taken;
  };
  for (;;) {
    const header = await take(512);
    if (header.every((byte) => byte === 0)) return;
    const text = (at: number, length: number): string => header.toString('latin1', at, at + length).replace(/\0.*$/s, '');
    const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
    if (text(257, 5) !== 'ustar' || parseInt(text(148, 8), 8) !== sum) throw new StoreError('corrupt', 'not a tar header');
    const size = parseInt(text(124, 12), 8);
    const body = new Uint8Array(await take(size));
    await take((512 - (size % 512)) % 512);
    yield { name: text(0, 100), body };
  }
}
