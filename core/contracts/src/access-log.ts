import { extensionPoint } from '@kalends/kernel/extension-point';

/** One line a request (R74), apart from the error log. Built in; must return at once. Lines hold no secret: no Authorization, no body. */
export interface AccessLog { write(line: string): void }
export const accessLog = extensionPoint<AccessLog>('access-log');
