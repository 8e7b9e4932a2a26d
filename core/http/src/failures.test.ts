/** What each process knows of failures without asking, and that it is never less than what counts. */
import type { ProcessChannel } from '@kalends/contracts';
import { localChannel } from '@kalends/testkit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Failures, FailureTable } from './failures.ts';

const named = (account: string) => (): string => account;
const [HOME, AWAY] = ['192.0.2.7', '198.51.100.9'];

/** A table, and processes that ask it by channels of their own; `deaf` hears no notices. */
function given() {
  const master = localChannel();
  new FailureTable().answerOn(master);
  const asked: string[] = [];
  const channel = (deaf: boolean): ProcessChannel => ({
    ...master, subscribe: (topic, run) => (deaf ? () => undefined : master.subscribe(topic, run)),
    ask: (topic, message, signal) => {
      asked.push((message as { readonly kind: string }).kind);
      return master.ask(topic, message, signal);
    },
  });
  return { one: new Failures(channel(false)), other: new Failures(channel(false)), deaf: new Failures(channel(true)), asked: () => asked.splice(0) };
}

describe('failures', () => {
  beforeEach(() => { vi.useFakeTimers({ toFake: ['performance', 'Date'] }); });
  afterEach(() => { vi.useRealTimers(); });

  it('cost whoever never failed no question but one for all in two seconds', async () => {
    const { one, asked } = given();
    await Promise.all([one.look(HOME, named('alice')), one.look(AWAY, named('bob'))]);
    expect(await one.look(AWAY, named('carol'))).toEqual({ counted: false, delayMilliseconds: 0, refuseSeconds: 0 });
    expect(asked()).toEqual(['overview']);
    vi.advanceTimersByTime(2_001);
    await one.look(HOME, named('alice'));
    expect(asked()).toEqual(['overview']);
  });

  it('are known in every process at once, in any spelling of the address, until they are forgotten', async () => {
    const { one, other, asked } = given();
    for (const process of [one, other]) await process.look(HOME, named('alice'));
    for (let time = 0; time < 20; time++) await one.failed(`::ffff:${HOME}`, 'alice');
    for (const process of [one, other]) expect((await process.look(HOME, named('alice'))).refuseSeconds).toBeGreaterThan(800);
    expect(await other.look(HOME, named('bob'))).toMatchObject({ counted: false, refuseSeconds: 0 });
    asked();
    await other.look(AWAY, named('alice'));
    expect(asked()).toEqual([]);
    vi.advanceTimersByTime(901_000);
    expect((await other.look(HOME, named('alice'))).refuseSeconds).toBe(0);
    await other.look(HOME, named('alice'));
    expect(asked()).toEqual(['overview']);
  });

  it('are known two seconds later where the notice was lost', async () => {
    const { one, deaf } = given();
    await deaf.look(HOME, named('alice'));
    for (let time = 0; time < 20; time++) await one.failed(HOME, 'alice');
    vi.advanceTimersByTime(2_001);
    expect((await deaf.look(HOME, named('alice'))).refuseSeconds).toBeGreaterThan(800);
  });

  it('are known where the notice comes with a list that was written before it', async () => {
    const master = localChannel();
    new FailureTable().answerOn(master);
    const { promise, resolve } = Promise.withResolvers<unknown>();
    let notice: ((network: unknown) => void) | undefined;
    const failures = new Failures({
      ...master, ask: (topic, message, signal) => ((message as { readonly kind: string }).kind === 'overview' ? promise : master.ask(topic, message, signal)),
      subscribe: (_topic, run) => {
        notice = run;
        return () => undefined;
      },
    });
    const looking = failures.look(AWAY, named('bob'));
    for (let time = 0; time < 20; time++) await new Failures(master).failed(HOME, 'alice');
    resolve([]);
    notice?.(HOME);
    await looking;
    expect((await failures.look(HOME, named('alice'))).refuseSeconds).toBeGreaterThan(800);
  });

  it('of very many are asked about one by one', async () => {
    const { one, asked } = given();
    for (let host = 0; host <= 1_000; host++) await one.failed(`10.0.${String(host >> 8)}.${String(host & 255)}`, 'alice');
    asked();
    await one.look(AWAY, named('alice'));
    await one.look(AWAY, named('alice'));
    expect(asked()).toEqual(['overview', 'look', 'look']);
  });

  it('of very many are asked about one by one as soon as there are so many', async () => {
    const { one, other, asked } = given();
    await other.look(AWAY, named('alice'));
    for (let host = 0; host <= 1_000; host++) await one.failed(`10.0.${String(host >> 8)}.${String(host & 255)}`, 'alice');
    asked();
    await other.look(AWAY, named('alice'));
    expect(asked()).toEqual(['look']);
  });

  it('are counted by each process alone while the counting place does not answer', async () => {
    const alone = new Failures(localChannel());
    expect(await alone.look(HOME, named('alice'))).toEqual({ counted: false, delayMilliseconds: 0, refuseSeconds: 0 });
    for (let time = 0; time < 5; time++) expect(await alone.failed(HOME, 'alice')).toMatchObject({ delayMilliseconds: 0 });
    expect((await alone.failed(HOME, 'alice')).delayMilliseconds).toBe(500);
    for (let time = 6; time < 20; time++) await alone.failed(HOME, 'alice');
    expect((await alone.look(HOME, named('alice'))).refuseSeconds).toBeGreaterThan(800);
    expect(await alone.look(AWAY, named('alice'))).toMatchObject({ refuseSeconds: 0 });
    await alone.passed(HOME, 'alice');
    expect(await alone.look(HOME, named('alice'))).toMatchObject({ counted: false, refuseSeconds: 0 });
  });
});
