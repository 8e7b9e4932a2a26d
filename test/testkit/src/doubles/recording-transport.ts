/** A scheduling transport that delivers nothing and remembers everything. A test may say what it answers. */
import type { DeliveryResult, FreeBusyRequest, SchedulingMessage, SchedulingTransport } from '@kalends/contracts';

export interface RecordingTransport extends SchedulingTransport {
  readonly delivered: readonly SchedulingMessage[];
  readonly asked: readonly FreeBusyRequest[];
}
export interface RecordingOptions {
  readonly name?: string; readonly local?: boolean;
  /** Default: every address. */ readonly serves?: (calendarUserAddress: string) => boolean;
  /** Default: `1.1`, sent on (RFC 6638 §3.2.9). */ readonly answer?: (recipient: string, message: SchedulingMessage | FreeBusyRequest) => DeliveryResult;
}

export function recordingTransport(options: RecordingOptions = {}): RecordingTransport {
  const delivered: SchedulingMessage[] = [];
  const asked: FreeBusyRequest[] = [];
  const answer = options.answer ?? ((recipient: string): DeliveryResult => ({ recipient, status: '1.1' }));
  return {
    name: options.name ?? 'recording', local: options.local ?? false, delivered, asked,
    serves: async (address) => options.serves?.(address) ?? true,
    async deliver(message, signal) {
      signal.throwIfAborted();
      // The same message again is the same delivery.
      if (!delivered.some(({ id }) => id === message.id)) delivered.push(message);
      return message.recipients.map((recipient) => answer(recipient, message));
    },
    async freeBusy(request, signal) {
      signal.throwIfAborted();
      asked.push(request);
      return request.attendees.map((recipient) => answer(recipient, request));
    },
  };
}
