/**
 * Who is in a proxy group: the owner's delegates, from the directory's record and from the records that the owner, or an admin, set. One record an edge, under
 * both ends: kind `delegate`, key `<owner>/<mode>/<delegate>`; kind `delegate-of`, key `<delegate>/<owner>/<mode>`. Groups stand unopened.
 */
import type { Batches, Directory, Principal, PrincipalId, RecordOperation, RecordStore } from '@kalends/contracts';

export type ProxyMode = 'read' | 'write';
export const PROXY_MODES: readonly ProxyMode[] = ['read', 'write'];
export interface ProxyGroup { readonly owner: PrincipalId; readonly mode: ProxyMode }
export interface Delegation extends ProxyGroup { readonly delegate: PrincipalId }

const GROUP = /^(.+)\/calendar-proxy-(read|write)$/;
/** Principals listed at a time when the directory's own delegates are turned round. */
const PAGE = 500;

/** Owner and mode of an id that names a proxy group; else undefined. */
export function proxyGroupOf(id: string): ProxyGroup | undefined {
  const [, owner, mode] = GROUP.exec(id) ?? [];
  return owner === undefined || mode === undefined ? undefined : { owner: owner as PrincipalId, mode: mode as ProxyMode };
}

export function proxyGroupId({ owner, mode }: ProxyGroup): PrincipalId {
  return `${owner}/calendar-proxy-${mode}` as PrincipalId;
}

export class Delegates {
  readonly #directory: Directory;
  readonly #records: RecordStore;
  #turned: { readonly stamp: string; readonly owners: Promise<ReadonlyMap<PrincipalId, readonly ProxyGroup[]>> } | undefined;

  constructor(directory: Directory, records: RecordStore) {
    this.#directory = directory;
    this.#records = records;
  }

  /** The directory's first, then those of the records by id. Never the owner himself. */
  async membersOf({ owner, mode }: ProxyGroup): Promise<ReadonlySet<PrincipalId>> {
    const members = new Set((await this.#directory.findById(owner))?.delegates?.[mode]);
    for (const delegate of await this.#stored({ owner, mode })) members.add(delegate);
    members.delete(owner);
    return members;
  }

  /** The proxy groups that hold this principal, himself or through a group. */
  async groupsWith(id: PrincipalId): Promise<readonly ProxyGroup[]> {
    const found = new Map<PrincipalId, ProxyGroup>();
    const turned = await this.#directorys();
    for (const member of [id, ...(await this.#directory.groupsOf(id))]) {
      for (const group of turned.get(member) ?? []) found.set(proxyGroupId(group), group);
      for await (const batch of this.#records.list('delegate-of', `${member}/`)) {
        for (const { key } of batch) {
          const [, owner, mode] = key.split('/') as [string, PrincipalId, ProxyMode];
          found.set(proxyGroupId({ owner, mode }), { owner, mode });
        }
      }
    }
    return [...found.values()].filter(({ owner }) => owner !== id);
  }

  /** What makes `wanted` the stored delegates; those that the directory gives stay whatever is asked, and are not stored again. */
  async replace(group: ProxyGroup, wanted: ReadonlySet<PrincipalId>): Promise<readonly RecordOperation[]> {
    const { owner, mode } = group;
    const given = new Set((await this.#directory.findById(owner))?.delegates?.[mode]);
    const stored = await this.#stored(group);
    const added = [...wanted].filter((id) => id !== owner && !given.has(id) && !stored.has(id));
    const removed = [...stored].filter((id) => !wanted.has(id));
    return [...added.flatMap((id) => edge(owner, mode, id, {})), ...removed.flatMap((id) => edge(owner, mode, id, undefined))];
  }

  /** All that owners and admins set, by owner: what a backup holds. Of the directory's nothing. */
  async *set(): Batches<Delegation> {
    for await (const batch of this.#records.list('delegate', '')) {
      yield batch.map(({ key }) => {
        const [owner, mode, delegate] = key.split('/') as [PrincipalId, ProxyMode, PrincipalId];
        return { owner, mode, delegate };
      });
    }
  }

  async #stored({ owner, mode }: ProxyGroup): Promise<ReadonlySet<PrincipalId>> {
    const prefix = `${owner}/${mode}/`;
    const stored = new Set<PrincipalId>();
    for await (const batch of this.#records.list('delegate', prefix)) for (const { key } of batch) stored.add(key.slice(prefix.length) as PrincipalId);
    return stored;
  }

  /** Directories give delegates to rooms and equipment only; people and groups are not looked through, for there may be very many. */
  async #directorys(): Promise<ReadonlyMap<PrincipalId, readonly ProxyGroup[]>> {
    const stamp = await this.#directory.stamp();
    if (this.#turned?.stamp !== stamp) {
      const owners = this.#turnRound();
      this.#turned = { stamp, owners };
      owners.catch(() => { this.#turned = undefined; });
    }
    return this.#turned!.owners;
  }

  async #turnRound(): Promise<ReadonlyMap<PrincipalId, readonly ProxyGroup[]>> {
    const turned = new Map<PrincipalId, ProxyGroup[]>();
    for (const kind of ['location', 'resource'] as const) {
      for await (const { id: owner, delegates } of this.#all(kind)) {
        for (const mode of PROXY_MODES) {
          for (const member of delegates?.[mode] ?? []) turned.set(member, [...(turned.get(member) ?? []), { owner, mode }]);
        }
      }
    }
    return turned;
  }

  async *#all(kind: Principal['kind']): AsyncGenerator<Principal> {
    let after: string | undefined;
    for (;;) {
      const page = await this.#directory.list(kind, after, PAGE);
      yield* page;
      after = page.at(-1)?.names[0];
      if (page.length < PAGE || after === undefined) return;
    }
  }
}

function edge(owner: PrincipalId, mode: ProxyMode, delegate: PrincipalId, value: unknown): readonly RecordOperation[] {
  const put = value === undefined ? {} : { value };
  return [
    { kind: 'delegate', key: `${owner}/${mode}/${delegate}`, ...put, grantsOf: owner },
    { kind: 'delegate-of', key: `${delegate}/${owner}/${mode}`, ...put },
  ];
}
