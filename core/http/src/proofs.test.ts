import { afterAll, expect, it, vi } from 'vitest';

// The cache takes its clock when it is loaded, and zero for no time.
vi.useFakeTimers();
vi.advanceTimersByTime(1);
const { Proofs } = await import('./proofs.ts');
afterAll(() => { vi.useRealTimers(); });

it('a proof is worth a minute from when it was given, however often it is used: so long an old password may open what it opened', () => {
  const proofs = new Proofs<never>();
  proofs.keep('name', { account: 'amy' }, '1');
  for (let second = 0; second < 58; second++) {
    expect(proofs.find('name', '1'), String(second)).toEqual({ account: 'amy' });
    vi.advanceTimersByTime(1_000);
  }
  vi.advanceTimersByTime(4_000);
  expect(proofs.find('name', '1')).toBeUndefined();
});

it('a proof is worth nothing for another stamp, for another person, and once it was forgotten', () => {
  const proofs = new Proofs<never>();
  for (const name of ['stamp', 'person', 'forgotten']) proofs.keep(name, { account: 'amy' }, '1', 'A');
  proofs.forget('forgotten');
  expect([proofs.find('stamp', '2'), proofs.belongsTo('person', 'A'), proofs.belongsTo('person', 'B'), proofs.find('person', '1'), proofs.find('forgotten', '1')]).toEqual([undefined, true, false, undefined, undefined]);
});
