import { describe, expect, it } from 'vitest';
import { ALL, READ, READ_FREE_BUSY, SCHEDULE, SCHEDULE_DELIVER, SCHEDULE_SEND, UNLOCK, WRITE } from './privileges.ts';

describe('privilege bits', () => {
  it('contains read-free-busy in DAV:read (RFC 4791 §6.1.1)', () => {
    expect(READ & READ_FREE_BUSY).toBe(READ_FREE_BUSY);
  });
  it('keeps aggregates apart from one another', () => {
    const aggregates = [READ, WRITE, UNLOCK, SCHEDULE_DELIVER, SCHEDULE_SEND, SCHEDULE];
    for (const a of aggregates) for (const b of aggregates) if (a !== b) expect(a & b).toBe(0);
  });
  it('covers each in DAV:all (RFC 3744 §3.11)', () => {
    for (const p of [READ, WRITE, UNLOCK, SCHEDULE_DELIVER, SCHEDULE_SEND, SCHEDULE]) expect(ALL & p).toBe(p);
  });
});
