/**
 * What this server knows of a principal beside the directory, for directories that may not be written to: records of kind `augment`, key the principal's id, or
 * `@` and a kind for all of that kind. Whoever writes one also writes the record `directory`/`augments` with a new random value, in the same `apply`
 * (`augmentOperations`): that is how every process learns of it.
 */
import { randomUUID } from 'node:crypto';
import type { Clock, Principal, PrincipalId, RecordOperation, RecordStore } from '@kalends/contracts';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { Recent } from './recent.ts';

const principalId = z.string().transform((id) => id as PrincipalId);
/** Each key given takes the place of the directory's; but whom the directory shuts out, or locks, stays so. */
export const augment = z.strictObject({
  enabled: z.boolean().optional(),
  locked: z.boolean().optional(),
  server: z.string().min(1).optional(),
  schedule: z
    .strictObject({
      mode: z.enum(['none', 'accept-always', 'decline-always', 'accept-if-free', 'decline-if-busy', 'automatic']).optional(),
      acceptGroup: principalId.optional(),
      capacity: z.number().int().min(1).optional(),
    })
    .optional(),
  groupCalendar: z.strictObject({ members: z.enum(['none', 'read', 'write']), owners: z.array(principalId) }).optional(),
  quotaOctets: z.number().int().min(0).optional(),
});
export type Augment = z.output<typeof augment>;
/** Whom an augment is for: one principal, or every principal of a kind that the directory does not say otherwise of. */
export type AugmentKey = PrincipalId | `@${Principal['kind']}`;

/** Undefined: there is to be none. */
export function augmentOperations(key: AugmentKey, value: Augment | undefined): readonly RecordOperation[] {
  const news = { kind: 'directory', key: 'augments', value: randomUUID() };
  return [{ kind: 'augment', key, ...(value === undefined ? {} : { value }) }, news];
}

/** What does not fit the shape counts for nothing: a record written by a newer version must not lock anybody out. But for where calendars are: not here is not here. */
export function readAugment(record: { readonly value: unknown } | undefined): Augment | undefined {
  return record === undefined ? undefined : augment.safeParse(record.value).data ?? serverAlone(record.value);
}

function serverAlone(value: unknown): Augment | undefined {
  const server: unknown = typeof value === 'object' && value !== null && 'server' in value ? value.server : undefined;
  return server === undefined ? undefined : { server: typeof server === 'string' ? server : JSON.stringify(server) };
}

export class AugmentStore {
  readonly #records: RecordStore;
  readonly #kept = new LRUCache<AugmentKey, { readonly augment: Augment | undefined }>({ max: 20_000 });
  readonly #stamp: Recent<string>;

  /** `seconds`: how old the news may be. */
  constructor(records: RecordStore, clock: Clock, seconds: number) {
    this.#records = records;
    this.#stamp = new Recent(clock, seconds * 1000, (last) => this.#askStamp(last));
  }

  /** Changes with any augment; asked of the records at most once in `seconds`. */
  stamp(): Promise<string> {
    return this.#stamp.get();
  }

  /** Undefined: ask `stamp`. */
  get freshStamp(): string | undefined {
    return this.#stamp.fresh;
  }

  async applyTo(principal: Principal): Promise<Principal> {
    if (this.freshStamp === undefined) await this.stamp();
    const ofKind = this.#kept.get(`@${principal.kind}`) ?? await this.#read(`@${principal.kind}`);
    const own = this.#kept.get(principal.id) ?? await this.#read(principal.id);
    if (ofKind.augment === undefined && own.augment === undefined) return principal;
    const { enabled = true, locked = false, ...more } = { ...ofKind.augment, ...own.augment, schedule: { ...ofKind.augment?.schedule, ...own.augment?.schedule } };
    return merge({ ...principal, enabled: principal.enabled && enabled, locked: principal.locked || locked }, more);
  }

  async #read(key: AugmentKey): Promise<{ readonly augment: Augment | undefined }> {
    const kept = { augment: readAugment(await this.#records.get('augment', key)) };
    this.#kept.set(key, kept);
    return kept;
  }

  async #askStamp(last: string | undefined): Promise<string> {
    const record = await this.#records.get('directory', 'augments');
    const value = record?.version ?? '0';
    if (value !== last) this.#kept.clear();
    return value;
  }
}

function merge(principal: Principal, { server, schedule, groupCalendar, quotaOctets }: Omit<Augment, 'enabled' | 'locked'>): Principal {
  const { mode = principal.schedule.mode, acceptGroup = principal.schedule.acceptGroup, capacity = principal.schedule.capacity } = schedule ?? {};
  return {
    ...principal,
    schedule: { mode, ...(acceptGroup === undefined ? {} : { acceptGroup }), ...(capacity === undefined ? {} : { capacity }) },
    ...(server === undefined ? {} : { server }),
    ...(groupCalendar === undefined ? {} : { groupCalendar }),
    ...(quotaOctets === undefined ? {} : { quotaOctets }),
  };
}
