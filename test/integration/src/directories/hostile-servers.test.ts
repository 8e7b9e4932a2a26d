/** Directory servers that lie, break off, babble or dawdle, and those who stand between: nobody comes in by it, nobody is taken for gone, and nothing waits for ever. */
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { PrincipalId } from '@kalends/contracts';
import openDirectory from '@kalends/directory-open-directory';
import { startOpenLdap } from '@kalends/test-services';
import { describe, expect, it } from 'vitest';
import { describeWithAll } from '../programs.ts';
import { BIND, EXTENDED, SEARCH, ber, disconnection, entry, message, result, startFalseLdap, startMeddler } from './false-ldap.ts';
import type { Asked } from './false-ldap.ts';
import { setUpDirectory, setUpOpenDirectory } from './set-up.ts';
import type { DirectoryParts } from './set-up.ts';

const SECONDS = 0.5;
const base = 'dc=example,dc=test';
const set = (url: string, more: Readonly<Record<string, unknown>> = {}): Promise<DirectoryParts> =>
  setUpDirectory(openDirectory, { url, 'start-tls': false, base, 'bind-dn': `cn=reader,${base}`, 'bind-password': 'x', 'timeout-seconds': SECONDS, preset: 'posix', ...more });
const alice = (id: number): Buffer => entry(id, `uid=alice,${base}`, { uid: ['alice'], cn: ['Alice'], entryUUID: ['6a7d0d0a-0000-4000-8000-000000000001'], mail: ['alice@example.test'] });

const BABBLE: readonly (readonly [string, (asked: Asked, socket: Socket) => void])[] = [
  ['garbage', ({ id }, socket) => socket.write(Buffer.concat([Buffer.from([0x30, 0x82, 0xff, 0xff, id]), Buffer.alloc(500, 0xff)]))],
  ['a page of the web', (_, socket) => socket.write('HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>no</html>')],
  ['a length of two gigabytes', (_, socket) => socket.write(Buffer.from([0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 2, 1, 1]))],
  ['an indefinite length', ({ id }, socket) => socket.write(Buffer.from([0x30, 0x80, 2, 1, id, 0x65, 0x80, 0, 0, 0, 0]))],
  ['the answer to another question', ({ id }, socket) => socket.write(Buffer.concat([alice(id + 40), result(id + 40, 0x65)]))],
  ['half an answer, and closes', ({ id }, socket) => socket.end(alice(id).subarray(0, 30))],
  ['an entry, and closes without an end', ({ id }, socket) => socket.end(alice(id))],
  ['that it disconnects (RFC 4511 §4.4.1)', (_, socket) => socket.end(disconnection())],
  ['that it disconnects, and does not', (_, socket) => socket.write(disconnection())],
  ['an octet at a time, too slowly', ({ id }, socket) => { void dawdle(socket, Buffer.concat([alice(id), result(id, 0x65)])); }],
  ['the end of another operation', ({ id }, socket) => socket.write(result(id, 0x61))],
  ['nothing', () => undefined],
  ['an entry without an end', ({ id }, socket) => socket.write(alice(id))],
  ['thousands of answers that nobody asked for', (_, socket) => socket.write(Buffer.concat(Array.from({ length: 60_000 }, () => Buffer.from([0x30, 5, 2, 1, 99, 0x65, 0]))))],
  ['a referral to another server (RFC 4511 §4.1.10)', ({ id }, socket) => socket.write(message(id, ber(0x65, ber(10, Buffer.from([10])), ber(4), ber(4), ber(0xa3, ber(4, 'ldap://127.0.0.1:9/dc=elsewhere')))))],
];

async function dawdle(socket: Socket, octets: Buffer): Promise<void> {
  for (const octet of octets) {
    if (socket.destroyed) return;
    socket.write(Buffer.from([octet]));
    await delay(20);
  }
}

describe('a directory server that answers a search with', () => {
  it.each(BABBLE)('%s is no directory for the moment: that is no "nobody", and soon said', async (_, babble) => {
    await using server = await startFalseLdap((asked, socket) => {
      if (asked.operation !== SEARCH) return false;
      babble(asked, socket);
      return true;
    });
    await using parts = await set(server.url);
    const began = Date.now();
    await expect(parts.source.findByAccount('alice')).rejects.toThrow();
    expect(await parts.credentials.verify('alice', 'alicepw')).toBe('unavailable');
    expect(Date.now() - began).toBeLessThan(30_000);
  });

  it.each([
    ['an error of operations', 1], ['a protocol error', 2], ['that its time is over', 3], ['that it wants encryption', 13], ['that it gave up', 11], ['that this is not for us', 50], ['that it is busy', 51],
    ['that it is not available', 52], ['that it will not', 53], ['another error', 80], ['a code that nobody knows', 123], ['that there is no such object, nor one above it', 32],
  ])('%s has not said "nobody"', async (_, code) => {
    await using server = await startFalseLdap(({ id, operation }, socket) => operation === SEARCH && socket.write(result(id, 0x65, code)));
    await using parts = await set(server.url);
    await expect(parts.source.findByAccount('alice')).rejects.toThrow();
    await expect(parts.source.groupsOf('6a7d0d0a-0000-4000-8000-000000000001' as PrincipalId)).rejects.toThrow();
    expect(await parts.credentials.verify('alice', 'alicepw')).toBe('unavailable');
  });

  it('octets that are no UTF-8, or one value where there should be another, still answers', async () => {
    await using server = await startFalseLdap(({ id, operation }, socket) => {
      if (operation !== SEARCH) return false;
      const odd = entry(id, `uid=alice,${base}`, { uid: ['alice'], cn: [Buffer.from([0xc3, 0x28, 0xff])], entryUUID: ['6a7d0d0a-0000-4000-8000-000000000001'], jpegPhoto: [Buffer.alloc(2 ** 20)], '': ['x'], '__proto__': ['y'] });
      socket.write(Buffer.concat([odd, result(id, 0x65)]));
      return true;
    });
    await using parts = await set(server.url);
    expect(await parts.source.findByAccount('alice')).toMatchObject({ names: ['alice'], emails: [], enabled: true });
  });

  it('more than was asked for is not kept for ever', async () => {
    await using server = await startFalseLdap(({ id, operation }, socket) => {
      if (operation !== SEARCH) return false;
      const timer = setInterval(() => { if (socket.writableLength < 2 ** 20) socket.write(alice(id)); }, 1);
      socket.once('close', () => { clearInterval(timer); });
      return true;
    });
    await using parts = await set(server.url);
    await expect(parts.source.findByAccount('alice')).rejects.toThrow(/timed out/);
  });
});

describe('a directory server that answers a bind', () => {
  const binds = async (answer: (asked: Asked, socket: Socket) => void): Promise<unknown> => {
    let reader = true;
    await using server = await startFalseLdap((asked, socket) => {
      if (asked.operation === SEARCH) {
        socket.write(Buffer.concat([alice(asked.id), result(asked.id, 0x65)]));
        return true;
      }
      // The first is the reading account's.
      if (asked.operation !== BIND || reader) return asked.operation === BIND && (reader = false);
      answer(asked, socket);
      return true;
    });
    await using parts = await set(server.url);
    return await parts.credentials.verify('alice', 'guess');
  };

  it.each([
    ['with a referral', 10], ['that SASL goes on', 14], ['that it is busy', 51], ['that it is not available', 52], ['with an error of operations', 1], ['that its time is over', 3], ['with a code of its own', 80],
    ['with a code that nobody knows', 123], ['that it wants another method', 7], ['that it wants encryption', 13],
  ])('%s has not said whether the password is right', async (_, code) => {
    expect(await binds(({ id }, socket) => socket.write(result(id, 0x61, code)))).toBe('unavailable');
  });
  it.each([['wrong', 49], ['to be changed first', 19], ['of nobody', 32], ['one it will not take', 53]])('that the password is %s has said no', async (_, code) => {
    expect(await binds(({ id }, socket) => socket.write(result(id, 0x61, code)))).toBe('no');
  });
  it('by closing, or with another id, has said nothing', async () => {
    expect(await binds((_, socket) => socket.end())).toBe('unavailable');
    expect(await binds(({ id }, socket) => socket.write(result(id + 1, 0x61)))).toBe('unavailable');
  });
});

describe('StartTLS', () => {
  it.each([['that it has none', 2], ['that it is not available', 52], ['a referral', 10], ['that it will not', 53], ['an error of operations', 1]])('answered with %s is the end: not a word is said in the clear', async (_, code) => {
    await using server = await startFalseLdap(({ id, operation }, socket) => operation === EXTENDED && socket.write(result(id, 0x78, code)));
    await using parts = await set(server.url, { 'start-tls': true });
    await expect(parts.source.findByAccount('alice')).rejects.toThrow(/StartTLS/);
    expect(await parts.credentials.verify('alice', 'alicepw')).toBe('unavailable');
    expect(server.asked.filter(({ operation }) => operation !== EXTENDED && operation !== 0x42), 'nothing but StartTLS, and good-bye').toEqual([]);
  });

  it.each([
    ['yes, and goes on in the clear', (id: number) => Buffer.concat([result(id, 0x78), result(id + 1, 0x61)])], ['yes to another question', (id: number) => result(id + 1, 0x78)], ['as if it were a bind', (id: number) => result(id, 0x61)],
  ])('answered with %s is the end too', async (_, answer) => {
    await using server = await startFalseLdap(({ id, operation }, socket) => operation === EXTENDED && socket.write(answer(id)));
    await using parts = await set(server.url, { 'start-tls': true });
    await expect(parts.source.findByAccount('alice')).rejects.toThrow();
    expect(server.asked.filter(({ operation }) => operation === BIND || operation === SEARCH)).toEqual([]);
  });
});

describeWithAll(['slapd', 'openssl'], 'whoever stands between us and a directory server', () => {
  /** Octets in the clear behind the answer to StartTLS, which would be read with the first that come encrypted. */
  const injected: readonly (readonly [string, (bindId: number) => Buffer])[] = [
    ['a whole "yes"', (id) => result(id, 0x61)],
    // The server's "no" (14 octets) becomes the text of the "yes" before it.
    ['a "yes" that swallows the "no" behind it', (id) => { const whole = result(id, 0x61, 0, 'x'.repeat(14)); return whole.subarray(0, whole.length - 14); }],
    ['the first octet of something', () => Buffer.from([0x30])],
  ];
  it.each(injected)('makes no password right by %s before the encryption (CVE-2011-0411 and its kind)', async (_, octetsFor) => {
    await using ldap = await startOpenLdap();
    let meddling = false;
    await using between = await startMeddler(Number(new URL(ldap.url).port), (first) => (meddling ? Buffer.concat([first, octetsFor(first[4]! + 1)]) : first));
    await using parts = await setUpOpenDirectory(ldap, { url: between.url, 'timeout-seconds': 1 });
    expect(await parts.source.findByAccount('alice')).toBeDefined();
    expect(await parts.credentials.verify('alice', 'guess')).toBe('no');
    meddling = true;
    expect(await parts.credentials.verify('alice', 'guess')).toBe('unavailable');
    meddling = false;
    expect(await parts.credentials.verify('bob', 'bobpw')).not.toBe('no');
  });
});
