import { extensionPoint } from '@kalends/kernel/extension-point';
import type { AuthRequest } from './authenticator.ts';

/** Which of the configured schemes a request is offered. Without one: all, in config order. */
export interface AuthenticationPolicy { offer(request: AuthRequest, schemes: readonly string[]): readonly string[] }
export const authenticationPolicy = extensionPoint<AuthenticationPolicy, 'optional'>('authentication-policy', 'optional');
