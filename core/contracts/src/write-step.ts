import { extensionPoint } from '@kalends/kernel/extension-point';
import type { IncomingMessage } from 'node:http';
import type { Identity } from './access.ts';
import type { ItemAddress, JobDraft } from './calendar-store.ts';
import type { DavResource } from './dav-feature.ts';
import type { ComponentKind, PrincipalId } from './ids.ts';

/** One step in storing a calendar object. Returns a changed draft; never edits the one it got. */
export interface WriteStep<P = unknown> {
  readonly name: string; readonly phase: 'normalize' | 'merge' | 'schedule';
  /** Once, before the change: what `apply` needs from directory and records. */
  prepare(draft: ItemDraft, context: WriteContext): Promise<P>;
  /**
   * Inside the change, and again when the stored version moved: pure, synchronous, about 1 ms. `'prepare-again'`: the newer version names somebody whom
   * `prepare` did not look up; the change is left and begun anew.
   */
  apply(draft: ItemDraft, prepared: P, context: WriteContext): ItemDraft | 'prepare-again';
}
export const writeStep = extensionPoint<WriteStep<any>, 'many'>('write-step', 'many');
export interface ItemDraft {
  /** Undefined for a new item; differs from `to` for MOVE. */ readonly from: ItemAddress | undefined;
  /** Undefined for DELETE. */ readonly to: ItemAddress | undefined;
  readonly before: CalendarHandle | undefined; readonly after: CalendarHandle | undefined;
  /** What only this principal sees (a sharee's alarms, TRANSP, …), split off `after`. */
  readonly personal: { readonly principal: PrincipalId; readonly patch: Uint8Array } | undefined;
  readonly jobs: readonly JobDraft[];
  /** RFC 6638 §3.2.10: `keep` when nothing but attendees' answers changed. */ readonly scheduleTag: 'none' | 'new' | 'keep';
  /** Nobody is told: imports, received messages. */ readonly silent: boolean;
  /** True once a repair or a step changed what the client sent; then no ETag is returned (RFC 4791 §5.3.4). */ readonly amended: boolean;
}
/** A parsed calendar object, opaque here; core/icalendar opens it. */
export interface CalendarHandle { readonly uid: string; readonly component: ComponentKind }
export interface WriteContext { readonly identity: Identity; readonly resource: DavResource; readonly headers: IncomingMessage['headers'] }
