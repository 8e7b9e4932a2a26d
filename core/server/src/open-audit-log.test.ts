import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditEntry, PrincipalId } from '@kalends/contracts';
import { describe, expect, it } from 'vitest';
import { configSchema } from './config-schema.ts';
import { auditLogOver, openAuditLines } from './open-audit-log.ts';

const ENTRY: AuditEntry = {
  time: Date.UTC(2026, 2, 10, 9), as: 'delegate', account: 'bob', principal: 'id-bob' as PrincipalId, owner: 'id-alice' as PrincipalId, ownerName: 'users/alice',
  method: 'PUT', path: '/calendars/users/alice/calendar/a.ics', status: 201, address: '2001:db8::7', request: 'r1',
};

describe('the audit log', () => {
  it('is one line of JSON an entry, who did it before what was done', () => {
    const lines: string[] = [];
    auditLogOver({ write: (line) => { lines.push(line); } }).write(ENTRY);
    expect(lines).toEqual(['{"time":"2026-03-10T09:00:00.000Z","as":"delegate","account":"bob","principal":"id-bob","owner":"id-alice","ownerName":"users/alice",'
      + '"method":"PUT","path":"/calendars/users/alice/calendar/a.ics","status":201,"address":"2001:db8::7","request":"r1"}']);
  });

  it('lets nothing through that ends a line or that a terminal obeys, and loses nothing of it', () => {
    const lines: string[] = [];
    const appPassword = 'a\n\u001b[2J\u009b31m\u2028b"\\';
    auditLogOver({ write: (line) => { lines.push(line); } }).write({ ...ENTRY, appPassword });
    expect(lines[0]).not.toMatch(/[\0-\x1f\x7f-\x9f\u2028\u2029]/);
    expect(JSON.parse(lines[0]!)).toMatchObject({ appPassword });
  });

  it('is in the data root where the config says nothing, and nowhere where it says so', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kalends-audit-'));
    const said: unknown[] = [];
    const teller = { error: (...all: unknown[]) => { said.push(all); }, warn: (...all: unknown[]) => { said.push(all); }, info: () => undefined };
    const log = (given: object) => configSchema.parse({ log: given }).log;
    for (const given of [{ 'audit-file': false }, {}]) {
      const lines = openAuditLines(log(given), folder, teller);
      lines.write('{}');
      await lines.close();
    }
    expect([readFileSync(join(folder, 'log', 'audit.log'), 'utf8'), said]).toEqual(['{}\n', []]);
    rmSync(folder, { recursive: true });
  });
});
