/**
 * The audit log (R44): one line of JSON an entry, in a file that processes of the host append to. While it cannot be written the server says so and serves, and the
 * lines stand in the error log: nothing that was done is nowhere.
 */
import { join } from 'node:path';
import type { AuditEntry, AuditLog } from '@kalends/contracts';
import { KeptLines, reasonOf } from '@kalends/kernel';
import type { LineSink, Logger } from '@kalends/kernel';
import type { Config } from './config-schema.ts';

/** What of a logger is needed here; the command line has none. */
type Teller = Pick<Logger, 'error' | 'warn' | 'info'>;

export function auditFileOf(log: Config['log'], dataRoot: string): string | undefined {
  return log['audit-file'] === false ? undefined : log['audit-file'] ?? join(dataRoot, 'log', 'audit.log');
}

/** For the process that owns files, and for commands beside it. Never throws. */
export function openAuditLines(log: Config['log'], dataRoot: string, teller: Teller): LineSink {
  const file = auditFileOf(log, dataRoot);
  if (file === undefined) return noLines;
  const lines = new KeptLines({
    file, rotation: { maxOctets: Math.min(log['file-octets'], Number.MAX_SAFE_INTEGER), keepDays: log['keep-days'] },
    lost(lost, error, isFirst) {
      if (isFirst) teller.error('the audit log cannot be written; its lines stand here until it can', { file, reason: reasonOf(error) });
      for (const line of lost) teller.warn('audit', { line });
    },
    found() { teller.info('the audit log is written again', { file }); },
  });
  void lines.open();
  return lines;
}

export const noLines: LineSink = { write: () => undefined, close: () => Promise.resolve() };

/** Entries as lines. */
export function auditLogOver(lines: Pick<LineSink, 'write'>): AuditLog {
  return { write: (entry) => { lines.write(lineOf(entry)); } };
}

/** JSON leaves characters as they are that terminals obey and that some readers take for ends of lines. */
function lineOf({ time, as, account, owner, ownerName, ...more }: AuditEntry): string {
  const { principal, appPassword, ...rest } = more as Extract<typeof more, { readonly principal: unknown }>;
  const text = JSON.stringify({ time: new Date(time).toISOString(), as, account, principal, appPassword, owner, ownerName, ...rest });
  return CONTROLS.test(text) ? text.replaceAll(new RegExp(CONTROLS, 'g'), (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`) : text;
}
const CONTROLS = /[\x7f-\x9f\u2028\u2029]/;
