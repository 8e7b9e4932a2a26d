export { authentication, isRefusal } from './authentication.ts';
export type { Authentication, Refusal } from './authentication.ts';
export { BodyTooLarge, declaredLength, hasBody, readBody, streamBody } from './body.ts';
export { ClientGone, Exchange, noteAccount } from './exchange.ts';
