import { extensionPoint } from '@kalends/kernel/extension-point';
import type { JobId, TimeRange } from './ids.ts';

/** Carries iTIP to recipients it serves. Called by the delivery worker, never inside a store change. */
export interface SchedulingTransport {
  readonly name: string;
  /** Homes of this server: delivered before the request that caused it is answered. */ readonly local: boolean;
  /** First transport in config order that says true carries the message. No I/O beyond a cached lookup. */
  serves(calendarUserAddress: string): Promise<boolean>;
  /** Must be safe to repeat: `message.id` is the same on each attempt. */
  deliver(message: SchedulingMessage, signal: AbortSignal): Promise<readonly DeliveryResult[]>;
  readonly freeBusy?: (request: FreeBusyRequest, signal: AbortSignal) => Promise<readonly DeliveryResult[]>;
}
export const schedulingTransport = extensionPoint<SchedulingTransport, 'many'>('scheduling-transport', 'many');
export interface SchedulingMessage {
  readonly id: string; readonly method: 'REQUEST' | 'REPLY' | 'CANCEL' | 'ADD' | 'REFRESH' | 'COUNTER' | 'DECLINECOUNTER'; readonly originator: string;
  readonly recipients: readonly string[]; readonly uid: string; readonly sequence: number; readonly calendar: Uint8Array;
}
export interface FreeBusyRequest { readonly organizer: string; readonly attendees: readonly string[]; readonly range: TimeRange }
export interface DeliveryResult {
  readonly recipient: string;
  /** RFC 5545 §3.8.8.3 request status, as `2.0` or `5.1`. */ readonly status: string;
  /** True: worth another attempt later. */ readonly transient?: boolean;
  readonly calendar?: Uint8Array;
  /** Jobs that applying the message enqueued (a room's answer). */ readonly caused?: readonly JobId[];
}
