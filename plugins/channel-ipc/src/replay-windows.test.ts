import type { Clock } from '@kalends/contracts';
import { describe, expect, it } from 'vitest';
import { LocalChannel } from './local-channel.ts';
import { ChannelReplayGuard, ReplayWindows } from './replay-windows.ts';

function given(): { readonly windows: ReplayWindows; advance(seconds: number): void } {
  let now = 1_000_000;
  const clock: Clock = { now: () => now, monotonic: () => now, after: () => Promise.resolve() };
  return { windows: new ReplayWindows(clock), advance: (seconds) => { now += seconds * 1000; } };
}

describe('ReplayWindows', () => {
  it('takes each count of a nonce once, in any order inside the window', async () => {
    const { windows } = given();
    for (const count of [1, 3, 2, 130, 5]) expect(await windows.firstUse('n', count, 2_000)).toBe(true);
    for (const count of [1, 3, 2, 130, 5]) expect(await windows.firstUse('n', count, 2_000)).toBe(false);
    expect(await windows.firstUse('other', 1, 2_000)).toBe(true);
  });

  it('refuses what fell out of the window, and counts below one', async () => {
    const { windows } = given();
    expect(await windows.firstUse('n', 500, 2_000)).toBe(true);
    expect(await windows.firstUse('n', 372, 2_000)).toBe(false);
    expect(await windows.firstUse('n', 373, 2_000)).toBe(true);
    expect(await windows.firstUse('n', 0, 2_000)).toBe(false);
  });

  it('refuses a nonce past its time', async () => {
    const { windows, advance } = given();
    expect(await windows.firstUse('n', 1, 1_300)).toBe(true);
    advance(301);
    expect(await windows.firstUse('n', 2, 1_300)).toBe(false);
  });

  it('accepts nothing twice after a flood made it forget', async () => {
    const { windows } = given();
    await windows.firstUse('victim', 1, 1_500);
    for (let i = 0; i < 100_100; i++) await windows.firstUse(`flood-${String(i)}`, 1, 1_600);
    expect(await windows.firstUse('victim', 1, 1_500)).toBe(false);
  });
});

describe('ChannelReplayGuard', () => {
  it('gives every worker the answer of the one table', async () => {
    const { windows } = given();
    const channel = new LocalChannel();
    windows.answerOn(channel);
    const [one, other] = [new ChannelReplayGuard(channel), new ChannelReplayGuard(channel)];
    const answers = await Promise.all([one.firstUse('n', 1, 2_000), one.firstUse('n', 2, 2_000), other.firstUse('n', 1, 2_000), other.firstUse('n', 3, 2_000)]);
    expect(answers).toEqual([true, true, false, true]);
  });

  it('fails, and lets nobody in, when the master does not answer', async () => {
    await expect(new ChannelReplayGuard(new LocalChannel()).firstUse('n', 1, 2_000)).rejects.toThrow('nobody answers');
  });
});
