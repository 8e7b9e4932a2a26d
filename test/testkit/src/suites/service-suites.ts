/** The contracts of the small points as tests: authenticator, cache, process channel, replay guard, attachment store, scheduling transport. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { AttachmentStore, Authenticator, AuthRequest, Cache, Clock, ProcessChannel, ReplayGuard, SchedulingMessage, SchedulingTransport } from '@kalends/contracts';
import { fakeClock } from '../doubles/fake-clock.ts';
import type { FakeClock } from '../doubles/fake-clock.ts';
import { event } from '../ics.ts';
import { all, bytes, chunksOf, codeOf, octetsOf, random } from './given.ts';

/** One provider, open on a clock that stands still. */
export type OpenService<T> = (clock: Clock) => Promise<{ readonly service: T; close(): Promise<void> }>;

function opener<T>(open: OpenService<T>): (run: (service: T, clock: FakeClock) => Promise<void>) => () => Promise<void> {
  return (run) => async () => {
    const clock = fakeClock();
    const { service, close } = await open(clock);
    try {
      await run(service, clock);
    } finally {
      await close();
    }
  };
}

export interface AuthenticatorGiven {
  /** A request that carries a good proof of this account, made anew each time (Digest counts). */ proof(challenge: readonly string[]): Promise<AuthRequest> | AuthRequest;
  readonly account: string;
  /** Requests whose proof is of the scheme and false. */ readonly lies: readonly AuthRequest[];
}
export function authRequest(more: Partial<AuthRequest> = {}): AuthRequest {
  return { method: 'PROPFIND', target: '/', headers: {}, secure: true, address: '192.0.2.1', connection: undefined, ...more };
}

export function describeAuthenticator(name: string, open: OpenService<Authenticator>, given: AuthenticatorGiven): void {
  const withService = opener(open);
  describe(`${name} keeps the authenticator contract`, () => {
    it('challenges with its scheme', withService(async (service) => {
      const challenges = await service.challenge(authRequest());
      expect(challenges.length).toBeGreaterThan(0);
      for (const challenge of challenges) expect(challenge.toLowerCase().startsWith(service.scheme.toLowerCase())).toBe(true);
    }));

    it('accepts a proof and names the account', withService(async (service) => {
      expect(await service.authenticate(await given.proof(await service.challenge(authRequest())))).toMatchObject({ kind: 'accepted', account: given.account });
    }));

    it('rejects a false proof', withService(async (service) => {
      for (const lie of given.lies) expect((await service.authenticate(lie)).kind).toBe('rejected');
    }));

    it('leaves other schemes, and requests without a proof, to others', withService(async (service) => {
      for (const authorization of [undefined, 'Other abc', `X${service.scheme} abc`]) {
        expect(await service.authenticate(authRequest({ headers: { ...(authorization && { authorization }) } }))).toEqual({ kind: 'not-mine' });
      }
    }));

    it('stumbles over no header', withService(async (service) => {
      for (const rest of ['', ' ', ' =', ' ,,,', ` ${'x'.repeat(20_000)}`, ' \u00ff\u00fe', ' a="', ' {}', ' %00']) {
        expect(['rejected', 'not-mine', 'continue']).toContain((await service.authenticate(authRequest({ headers: { authorization: `${service.scheme}${rest}` } }))).kind);
      }
    }));
  });
}

export function describeCache(name: string, open: OpenService<Cache>): void {
  const withService = opener(open);
  describe(`${name} keeps the cache contract`, () => {
    it('gives back what was set, until its time is over', withService(async (cache, clock) => {
      expect(await cache.get('a')).toBeUndefined();
      await cache.set('a', { n: 1 }, 1000);
      await cache.set('b', 'text', 5000);
      expect(await cache.get('a')).toEqual({ n: 1 });
      await clock.advance(1001);
      expect(await cache.get('a')).toBeUndefined();
      expect(await cache.get('b')).toBe('text');
    }));

    it('gives the newer of two values', withService(async (cache) => {
      await cache.set('a', 1, 1000);
      await cache.set('a', 2, 1000);
      expect(await cache.get('a')).toBe(2);
    }));

    it('tells keys apart, whatever they hold', withService(async (cache) => {
      const keys = ['a', 'A', 'a ', 'a:b', 'a/b', 'ä', '__proto__', 'x'.repeat(1000)];
      for (const key of keys) await cache.set(key, key, 1000);
      for (const key of keys) expect(await cache.get(key)).toBe(key);
    }));
  });
}

export function describeProcessChannel(name: string, open: OpenService<ProcessChannel>): void {
  const withService = opener(open);
  const turns = async (count = 20): Promise<void> => {
    for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve));
  };
  describe(`${name} keeps the process-channel contract`, () => {
    it('brings a notice to every subscriber of its topic, until they leave', withService(async (channel) => {
      const heard: unknown[] = [];
      const stop = channel.subscribe('t', (message) => heard.push(['one', message]));
      channel.subscribe('t', (message) => heard.push(['two', message]));
      channel.subscribe('other', (message) => heard.push(['other', message]));
      channel.publish('t', { n: 1 });
      await turns();
      stop();
      channel.publish('t', { n: 2 });
      await turns();
      expect(heard).toEqual([['one', { n: 1 }], ['two', { n: 1 }], ['two', { n: 2 }]]);
      channel.publish('nobody', 1);
    }));

    it('answers a question once, with what the answer gives or throws', withService(async (channel) => {
      channel.answer('q', async (message) => ({ got: message }));
      channel.answer('bad', async () => { throw new Error('no idea'); });
      expect(await channel.ask('q', { n: 1 }, AbortSignal.timeout(5000))).toEqual({ got: { n: 1 } });
      await expect(channel.ask('bad', 1, AbortSignal.timeout(5000))).rejects.toThrow('no idea');
    }));

    it('rejects a question that nobody answers, or whose asker gives up', withService(async (channel) => {
      await expect(channel.ask('nobody', 1, AbortSignal.timeout(200))).rejects.toThrow();
      await expect(channel.ask('nobody', 1, AbortSignal.abort(new Error('before')))).rejects.toThrow();
      channel.answer('never', () => new Promise(() => undefined));
      const giveUp = new AbortController();
      const asked = channel.ask('never', 1, giveUp.signal);
      giveUp.abort(new Error('enough'));
      await expect(asked).rejects.toThrow();
    }));
  });
}

export function describeReplayGuard(name: string, open: OpenService<ReplayGuard>): void {
  const withService = opener(open);
  const later = (clock: Clock): number => Math.floor(clock.now() / 1000) + 300;
  describe(`${name} keeps the replay-guard contract`, () => {
    it('lets each count of a nonce pass once', withService(async (guard, clock) => {
      expect(await guard.firstUse('n', 1, later(clock))).toBe(true);
      expect(await guard.firstUse('n', 1, later(clock))).toBe(false);
      expect(await guard.firstUse('n', 2, later(clock))).toBe(true);
      expect(await guard.firstUse('m', 1, later(clock))).toBe(true);
    }));

    it('lets counts pass that come out of order', withService(async (guard, clock) => {
      for (const count of [1, 5, 3, 2, 4, 60]) expect(await guard.firstUse('n', count, later(clock))).toBe(true);
      for (const count of [1, 5, 3, 2, 4, 60]) expect(await guard.firstUse('n', count, later(clock))).toBe(false);
    }));

    it('lets one of many pass who use the same at once', withService(async (guard, clock) => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => guard.firstUse('n', 7, later(clock))));
      expect(answers.filter((first) => first)).toHaveLength(1);
    }));

    it('remembers a nonce until it expires', withService(async (guard, clock) => {
      const expires = later(clock);
      await guard.firstUse('n', 1, expires);
      await clock.advance(290_000);
      expect(await guard.firstUse('n', 1, expires)).toBe(false);
    }));
  });
}

export function describeAttachmentStore(name: string, open: OpenService<AttachmentStore>): void {
  const withService = opener(open);
  const body = bytes(random(8), 300_000);
  describe(`${name} keeps the attachment-store contract`, () => {
    it('keeps octets and tells their number and hash', withService(async (store) => {
      const { id, octets, sha256 } = await store.put(chunksOf(body), 1_000_000);
      expect({ octets, sha256 }).toEqual({ octets: body.length, sha256: createHash('sha256').update(body).digest('hex') });
      expect(Buffer.from((await octetsOf(await store.open(id)))!).equals(body)).toBe(true);
      const empty = await store.put(chunksOf(new Uint8Array()), 10);
      expect((await octetsOf(await store.open(empty.id)))!).toHaveLength(0);
    }));

    it('gives a part of them, half open', withService(async (store) => {
      const { id } = await store.put(chunksOf(body), 1_000_000);
      for (const [from, to] of [[0, 10], [100_000, 200_000], [299_999, 300_000], [0, 300_000]] as const) {
        expect(Buffer.from((await octetsOf(await store.open(id, { from, to })))!).equals(body.slice(from, to))).toBe(true);
      }
    }));

    it('refuses more octets than asked for, and keeps nothing of them', withService(async (store) => {
      expect(await codeOf(store.put(chunksOf(body), body.length - 1))).toBe('too-large');
      expect(await all(store.list())).toEqual([]);
      await store.put(chunksOf(body), body.length);
    }));

    it('keeps nothing of content that breaks off', withService(async (store) => {
      const broken = (async function* () {
        yield body;
        throw new Error('the client went away');
      })();
      await expect(store.put(broken, 1_000_000)).rejects.toThrow('the client went away');
      expect(await all(store.list())).toEqual([]);
    }));

    it('removes octets, and does not mind what is not there', withService(async (store) => {
      const { id } = await store.put(chunksOf(body), 1_000_000);
      await store.remove(id);
      await store.remove(id);
      expect(await store.open(id)).toBeUndefined();
      for (const odd of ['unknown', '', '..', '../../etc/passwd', 'a/b', '\u0000', 'x'.repeat(5000)]) {
        expect(await store.open(odd)).toBeUndefined();
        await store.remove(odd);
      }
    }));

    it('lists what it keeps, with its age', withService(async (store, clock) => {
      const first = await store.put(chunksOf(body), 1_000_000);
      const second = await store.put(chunksOf(body.slice(1)), 1_000_000);
      const rows = await all(store.list());
      expect(rows.map(({ id }) => id).sort()).toEqual([first.id, second.id].sort());
      expect(rows.find(({ id }) => id === second.id)!.octets).toBe(body.length - 1);
      for (const { stored } of rows) expect(Math.abs(stored - clock.now() / 1000) < 5 || Math.abs(stored - Date.now() / 1000) < 60).toBe(true);
    }));

    it('keeps the same octets for two who put them at once', withService(async (store) => {
      const put = await Promise.all([1, 2, 3].map(() => store.put(chunksOf(body), 1_000_000)));
      for (const { id } of put) expect(Buffer.from((await octetsOf(await store.open(id)))!).equals(body)).toBe(true);
    }));
  });
}

export function describeTransport(name: string, open: OpenService<SchedulingTransport>, given: { readonly served: string; readonly unserved?: string }): void {
  const withService = opener(open);
  const message: SchedulingMessage = {
    id: 'message-1', method: 'REQUEST', originator: 'mailto:amy@example.com', recipients: [given.served], uid: 'a', sequence: 0,
    calendar: event('a', { organizer: 'mailto:amy@example.com', attendees: [given.served] }).body,
  };
  describe(`${name} keeps the scheduling-transport contract`, () => {
    it('serves whom it serves, and stumbles over no address', withService(async (transport) => {
      expect(await transport.serves(given.served)).toBe(true);
      if (given.unserved !== undefined) expect(await transport.serves(given.unserved)).toBe(false);
      for (const odd of ['', 'mailto:', 'x', '\u0000', 'urn:', 'x'.repeat(5000)]) expect(typeof await transport.serves(odd)).toBe('boolean');
    }));

    it('tells what became of the message for each recipient', withService(async (transport) => {
      const results = await transport.deliver(message, AbortSignal.timeout(10_000));
      expect(results.map(({ recipient }) => recipient)).toEqual([given.served]);
      for (const { status } of results) expect(status).toMatch(/^[1-5]\.\d+$/);
    }));

    it('may be given the same message again', withService(async (transport) => {
      const first = await transport.deliver(message, AbortSignal.timeout(10_000));
      expect((await transport.deliver(message, AbortSignal.timeout(10_000))).map(({ recipient }) => recipient)).toEqual(first.map(({ recipient }) => recipient));
    }));

    it('stops when told to', withService(async (transport) => {
      await expect(transport.deliver(message, AbortSignal.abort(new Error('enough')))).rejects.toThrow();
    }));
  });
}
