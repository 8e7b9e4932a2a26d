/** What the members of a home's archive say: small JSON files and bodies, in the order of reading. The last word on each name is the true one. */
import type { Ace, Attachment, HomeOwner } from '@kalends/contracts';
import type { PackedFacts } from '../writer/meta-file.ts';

export interface ArchivedHome { readonly format: 1; readonly owner: HomeOwner; readonly root: string }
export interface ArchivedCollection {
  readonly id: string; readonly parent?: string; readonly segment: string; readonly kind: string; readonly created: number;
  readonly properties: Readonly<Record<string, string>>; readonly personal: Readonly<Record<string, Readonly<Record<string, string>>>>; readonly acl: readonly Ace[];
}
export interface ArchivedItem {
  readonly collection: string; readonly name: string; readonly contentType: string; readonly component?: string; readonly uid?: string; readonly scheduleTag?: string;
  readonly created: number; readonly modified: number; readonly facts?: PackedFacts; readonly acl?: readonly Ace[];
  readonly dead: Readonly<Record<string, string>>; readonly attachments: readonly Attachment[];
  readonly personal: readonly { readonly principal: string; readonly patch: string; readonly facts: PackedFacts }[];
}
/** Without a name: the collection itself. */
export interface ArchivedRemoval { readonly collection: string; readonly name?: string }

export const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
export const parse = <T>(body: Uint8Array): T => JSON.parse(Buffer.from(body).toString('utf8')) as T;
