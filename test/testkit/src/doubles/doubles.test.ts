/** Every double passes the suite of its point: a test that leans on one leans on the contract. */
import { describe, expect, it } from 'vitest';
import { describeCredentialSource, describeDirectorySource } from '../suites/directory-suite.ts';
import {
  authRequest, describeAttachmentStore, describeAuthenticator, describeCache, describeProcessChannel, describeReplayGuard, describeTransport,
} from '../suites/service-suites.ts';
import { fakeClock } from './fake-clock.ts';
import { memoryDirectory, person } from './memory-directory.ts';
import { recordingTransport } from './recording-transport.ts';
import { localChannel, memoryAttachments, memoryCache, memoryReplayGuard, memorySecrets } from './small-services.ts';
import { basic, trustingAuthenticator } from './trusting-authenticator.ts';

const close = async (): Promise<void> => undefined;

describeDirectorySource('the memory directory', async ({ principals, ...options }) => ({ source: memoryDirectory(principals, options), close }));
describeCredentialSource('the memory directory', async ({ principals, ...options }) => ({ source: memoryDirectory(principals, options), close }));
describeAuthenticator('the trusting authenticator', async () => ({ service: trustingAuthenticator(), close }), {
  proof: () => authRequest({ headers: { authorization: basic('amy') } }), account: 'amy', lies: [authRequest({ headers: { authorization: basic('') } })],
});
describeCache('the memory cache', async (clock) => ({ service: memoryCache(clock), close }));
describeProcessChannel('the local channel', async () => ({ service: localChannel(), close }));
describeReplayGuard('the memory replay guard', async (clock) => ({ service: memoryReplayGuard(clock), close }));
describeAttachmentStore('the memory attachment store', async (clock) => ({ service: memoryAttachments(clock), close }));
describeTransport('the recording transport', async () => ({ service: recordingTransport({ serves: (address) => address.startsWith('mailto:ben') }), close }), { served: 'mailto:ben@example.com', unserved: 'mailto:cat@example.com' });

describe('the memory directory', () => {
  it('changes its stamp with its principals', async () => {
    const directory = memoryDirectory([]);
    const stamp = await directory.stamp();
    directory.replace([person('amy')]);
    expect(await directory.stamp()).not.toBe(stamp);
    expect((await directory.findByAccount('amy'))?.id).toBe('id-amy');
  });
});

describe('the fake clock', () => {
  it('ends waits in their order, and only when it is moved', async () => {
    const clock = fakeClock(1_000_000);
    const ended: number[] = [];
    for (const milliseconds of [300, 100, 200]) void clock.after(milliseconds).then(() => ended.push(clock.now() - 1_000_000));
    await clock.advance(99);
    expect(ended).toEqual([]);
    await clock.advance(201);
    expect(ended).toEqual([100, 200, 300]);
    expect([clock.now(), clock.monotonic()]).toEqual([1_000_300, 300]);
  });

  it('ends a wait that begins while another ends', async () => {
    const clock = fakeClock();
    let ticks = 0;
    void (async () => {
      for (;;) {
        await clock.after(10);
        ticks++;
      }
    })();
    await clock.advance(100);
    expect(ticks).toBe(10);
  });

  it('gives a wait up when its signal aborts', async () => {
    const clock = fakeClock();
    const enough = new AbortController();
    const wait = clock.after(10, enough.signal);
    enough.abort(new Error('enough'));
    await expect(wait).rejects.toThrow('enough');
    await expect(clock.after(10, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
  });

  it('lets the wall clock jump without the time that passes', () => {
    const clock = fakeClock(5000);
    clock.jump(-3000);
    expect([clock.now(), clock.monotonic()]).toEqual([2000, 0]);
  });
});

describe('memory secrets', () => {
  it('keeps one key of 32 octets a name', async () => {
    const secrets = memorySecrets();
    expect(await secrets.get('a')).toHaveLength(32);
    expect(await secrets.get('a')).toEqual(await secrets.get('a'));
    expect(await secrets.get('b')).not.toEqual(await secrets.get('a'));
  });
});
