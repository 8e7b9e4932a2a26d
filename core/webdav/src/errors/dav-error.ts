/**
 * The one error of the protocol layer, and how conditions are named. Packages make a constant of each condition their RFCs define (`preconditions.ts`) and
 * throw what it makes; `write-error.ts` alone puts them on the wire.
 */
import type { QName, XmlSink } from '@kalends/contracts';
import { STATUS_CODES } from 'node:http';

export interface DavErrorOptions {
  readonly condition?: { readonly name: QName; readonly write?: ((xml: XmlSink) => void) | undefined };
  /** A second name for the same refusal, for clients that know only that one. */ readonly also?: QName;
  /** One English sentence for people; shown to whoever asked, so it names nothing they may not know. */ readonly detail?: string | undefined;
  /** Further header fields of the answer (`Allow`, `Retry-After`). */ readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** A refusal with a status and, where an RFC names one, a pre- or postcondition (RFC 4918 §16). */
export class DavError extends Error {
  override readonly name = 'DavError';
  readonly status: number;
  readonly condition: DavErrorOptions['condition'];
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly also: QName | undefined;

  constructor(status: number, options: DavErrorOptions = {}) {
    super(options.detail ?? sentence(status, options.condition?.name), { cause: options.cause });
    this.status = status;
    this.condition = options.condition;
    this.headers = options.headers;
    this.also = options.also;
  }

  /** True for errors that this condition made. */
  is(of: AnyCondition): boolean {
    return this.condition !== undefined && this.condition.name.local === of.condition.local && this.condition.name.ns === of.condition.ns;
  }
}

export interface AnyCondition { readonly condition: QName; readonly status: number }
export interface PlainCondition extends AnyCondition { (detail?: string): DavError }
export interface Condition<P> extends AnyCondition { (params: P, detail?: string): DavError }

/**
 * A named condition: a function that makes the error. `write` puts what the RFC wants inside the element; `told` is the sentence for people where the call
 * gives none.
 */
export function condition(ns: string, local: string, status: number, write?: undefined, told?: string): PlainCondition;
export function condition<P>(ns: string, local: string, status: number, write: (xml: XmlSink, params: P) => void, told?: string): Condition<P>;
export function condition<P>(ns: string, local: string, status: number, write?: (xml: XmlSink, params: P) => void, told?: string): PlainCondition | Condition<P> {
  const name: QName = Object.freeze({ ns, local });
  const make = write === undefined
    ? (detail?: string) => new DavError(status, { condition: { name }, detail: detail ?? told })
    : (params: P, detail?: string) => new DavError(status, { condition: { name, write: (xml) => write(xml, params) }, detail: detail ?? told });
  return Object.assign(make, { condition: name, status }) as PlainCondition | Condition<P>;
}

function sentence(status: number, name: QName | undefined): string {
  if (name !== undefined) return `The condition "${name.local}" does not hold.`;
  return `${STATUS_CODES[status] ?? 'Error'}.`;
}
