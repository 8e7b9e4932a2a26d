import { EventEmitter } from 'node:events';
import type { Cluster } from 'node:cluster';
import { describe, expect, it } from 'vitest';
import { IpcChannel } from './ipc-channel.ts';
import { LocalChannel } from './local-channel.ts';

/** Pipes as node:cluster has them: structured copies, delivered later. The real ones are tried in the server's tests of `combined`. */
function pipes(workers: number): { readonly master: IpcChannel; readonly workers: readonly IpcChannel[]; cut(i: number): void } {
  const cluster = Object.assign(new EventEmitter(), { workers: {} as Record<string, { send(message: unknown): boolean }> });
  const ends = Array.from({ length: workers }, (_, i) => {
    const end = new EventEmitter();
    const send = (message: unknown): boolean => { setImmediate(() => end.emit('message', structuredClone(message))); return true; };
    cluster.workers[String(i)] = { send };
    return Object.assign(end, { send: (message: unknown) => { setImmediate(() => cluster.emit('message', cluster.workers[String(i)], structuredClone(message))); return true; } });
  });
  const master = new IpcChannel({ master: cluster as unknown as Cluster });
  const channels = ends.map((end) => new IpcChannel({ worker: end }));
  for (const channel of [master, ...channels]) channel.open();
  return { master, workers: channels, cut: (i) => { cluster.workers[String(i)] = { send: () => { throw new Error('EPIPE'); } }; } };
}

const soon = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve, 20); });

describe('IpcChannel', () => {
  it('brings a notice of one worker to every other process, once', async () => {
    const { master, workers } = pipes(3);
    const heard: string[] = [];
    [master, ...workers].forEach((channel, i) => channel.subscribe('t', (message) => { heard.push(`${String(i)}:${String(message)}`); }));
    workers[0]!.publish('t', 'x');
    await soon();
    expect(heard.sort()).toEqual(['0:x', '1:x', '2:x', '3:x']);
  });

  it('has the master answer questions, errors included', async () => {
    const { master, workers } = pipes(1);
    master.answer('double', (n) => (typeof n === 'number' ? Promise.resolve(n * 2) : Promise.reject(new Error('no number'))));
    expect(await workers[0]!.ask('double', 21, AbortSignal.timeout(1000))).toBe(42);
    expect(await master.ask('double', 4, AbortSignal.timeout(1000))).toBe(8);
    await expect(workers[0]!.ask('double', 'x', AbortSignal.timeout(1000))).rejects.toThrow('no number');
    await expect(workers[0]!.ask('unknown', 1, AbortSignal.timeout(1000))).rejects.toThrow('nobody answers');
  });

  it('gives up when the signal aborts', async () => {
    const { master, workers } = pipes(1);
    master.answer('never', () => new Promise(() => undefined));
    await expect(workers[0]!.ask('never', 1, AbortSignal.timeout(20))).rejects.toThrow();
  });

  it('survives a worker that is going away', async () => {
    const { master, workers, cut } = pipes(2);
    const heard: unknown[] = [];
    workers[1]!.subscribe('t', (message) => { heard.push(message); });
    cut(0);
    master.publish('t', 1);
    await soon();
    expect(heard).toEqual([1]);
  });
});

describe('LocalChannel', () => {
  it('is its own master', async () => {
    const channel = new LocalChannel();
    const heard: unknown[] = [];
    const stop = channel.subscribe('t', (message) => { heard.push(message); });
    channel.publish('t', 1);
    await soon();
    stop();
    channel.publish('t', 2);
    await soon();
    expect(heard).toEqual([1]);
    channel.answer('q', (n) => Promise.resolve([n]));
    expect(await channel.ask('q', 1, AbortSignal.timeout(100))).toEqual([1]);
    await expect(channel.ask('other', 1, AbortSignal.timeout(100))).rejects.toThrow('nobody answers');
    expect(() => { channel.answer('q', () => Promise.resolve(0)); }).toThrow('already');
  });
});
