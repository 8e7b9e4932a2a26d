import { extensionPoint } from '@kalends/kernel/extension-point';
import type { PrincipalId } from './ids.ts';

/**
 * Who used a right over what is another's (R44): administrators, delegates, and the command line. Built in; must return at once and never throw. An entry says who
 * did what to whose things, and nothing of what is in them; no secret.
 */
export interface AuditLog { write(entry: AuditEntry): void }
export const auditLog = extensionPoint<AuditLog>('audit-log');

export type AuditEntry = RequestAudit | CommandAudit;

interface Audit {
  /** Milliseconds since the epoch. */ readonly time: number;
  /** Whose things; undefined: nobody's in particular, as a list of all homes. */ readonly owner?: PrincipalId;
  /** As people write it: `users/alice`. */ readonly ownerName?: string;
}
export interface RequestAudit extends Audit {
  readonly as: 'admin' | 'delegate';
  readonly account: string; readonly principal: PrincipalId;
  /** Named by its owner; what a delegate logged in with. */ readonly appPassword?: string;
  readonly method: string;
  /** As the client wrote it, without query. */ readonly path: string;
  /** Of COPY and MOVE. */ readonly destination?: string;
  /** 499: the client left before there was an answer. */ readonly status: number;
  /** Where it came from. */ readonly address: string;
  /** The request's id, as in the other logs and in X-Request-Id. */ readonly request: string;
}
export interface CommandAudit extends Audit {
  readonly as: 'caladmin';
  /** Of the operating system; with sudo, who called it. */ readonly account: string;
  readonly command: string;
  /** What it was told, without secrets. */ readonly given: Readonly<Record<string, unknown>>;
  readonly outcome: 'done' | 'partly' | 'refused' | 'failed';
}
