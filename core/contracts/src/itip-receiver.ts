import { extensionPoint } from '@kalends/kernel/extension-point';
import type { PrincipalId } from './ids.ts';
import type { DeliveryResult, SchedulingMessage } from './scheduling-transport.ts';

/** Applies one iTIP message to one local recipient's calendars: the receiving end, used by local delivery and inbound mail. */
export interface ItipReceiver { receive(message: SchedulingMessage, recipient: PrincipalId): Promise<DeliveryResult> }
export const itipReceiver = extensionPoint<ItipReceiver>('itip-receiver');
