import { extensionPoint } from '@kalends/kernel/extension-point';
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface HttpExchange {
  /** In the log, in the response header, in every error body. */ readonly id: string;
  readonly request: IncomingMessage; readonly response: ServerResponse; readonly path: string;
  /** Aborts when the client goes away. */ readonly signal: AbortSignal;
}
export type HttpFeature =
  | { readonly kind: 'exchange'; readonly prefix: string; handle(exchange: HttpExchange): Promise<void> }
  | { readonly kind: 'express'; readonly prefix: string; readonly router: import('express').Router };
export const httpFeature = extensionPoint<HttpFeature, 'many'>('http-feature', 'many');
