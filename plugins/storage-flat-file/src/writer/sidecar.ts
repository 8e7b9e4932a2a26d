/** `.collection.json`: what a folder tells about itself, and all that a rebuilt index knows of a collection. The root's also tells whose home it is and the epoch. */
import type { HomeOwner } from '@kalends/contracts';
import { collectionId, integer, text, type Database } from '@kalends/lib-shards';

export interface Sidecar {
  readonly id: string; readonly kind: string; readonly segment: string;
  readonly created: number; readonly modified: number;
  /** The revision noted when this was written. */ readonly revision: number;
  readonly properties: Readonly<Record<string, string>>;
  readonly personal: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly acl: readonly unknown[];
  /** Of a root. */ readonly owner?: HomeOwner; readonly epoch?: string;
}

export const sidecarColumns = `SELECT c.kind, c.segment, c.created, c.modified, c.revision, c.properties, c.personal, c.acl, c.parent, c.version, h.id, h.kind AS owner_kind, h.name, h.epoch
  FROM collection c JOIN home h ON h.key = c.home WHERE c.id = ?`;

/** As the shard has the collection now, with the version of that state. */
export function sidecarOf(database: Database, key: number): { readonly sidecar: Sidecar; readonly version: number } | undefined {
  const row = database.statement(sidecarColumns).get(key);
  if (row === undefined) return undefined;
  const [kind, segment, created, modified, revision, properties, personal, acl, parent, version, owner, ownerKind, name, epoch] = row;
  const sidecar: Sidecar = {
    id: collectionId(key), kind: text(kind), segment: text(segment), created: integer(created), modified: integer(modified), revision: integer(revision),
    properties: JSON.parse(text(properties)) as Sidecar['properties'], personal: JSON.parse(text(personal)) as Sidecar['personal'], acl: JSON.parse(text(acl)) as Sidecar['acl'],
    ...(parent === null ? { owner: { id: text(owner), kind: text(ownerKind), name: text(name) } as HomeOwner, epoch: text(epoch) } : {}),
  };
  return { sidecar, version: integer(version) };
}

export const sidecarOctets = (sidecar: Sidecar): Uint8Array => Buffer.from(`${JSON.stringify(sidecar, undefined, 1)}\n`);

/** Undefined for what is no sidecar. */
export function parseSidecar(octets: Uint8Array | undefined): Sidecar | undefined {
  if (octets === undefined) return undefined;
  try {
    const parsed = JSON.parse(Buffer.from(octets).toString('utf8')) as Partial<Sidecar>;
    return typeof parsed.id === 'string' && /^[0-9a-f]{13}$/.test(parsed.id) && typeof parsed.kind === 'string' && typeof parsed.segment === 'string'
      ? { created: 0, modified: 0, revision: 0, properties: {}, personal: {}, acl: [], ...parsed } as Sidecar
      : undefined;
  } catch {
    return undefined;
  }
}
