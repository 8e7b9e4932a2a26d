export { Administrators } from './administrators.ts';
export { authentication, isRefusal } from './authentication.ts';
export type { Authentication, Refusal } from './authentication.ts';
export { BodyTooLarge, declaredLength, hasBody, readBody, streamBody } from './body.ts';
export { ClientGone, Exchange, noteAccount } from './exchange.ts';
export { PassportAuthenticator } from './passport.ts';
export { default as authenticationPlugin } from './plugin-authentication.ts';
export { default as failuresPlugin } from './plugin-failures.ts';
