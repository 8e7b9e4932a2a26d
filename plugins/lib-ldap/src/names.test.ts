/** DNS as servers really send it, from a server that sends what the test says; and what is known from an answer on. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Names, isUnknownName } from './names.ts';
import { queryServices } from './service-query.ts';

const NAME = '_ldap._tcp.dc._msdcs.ad.example.test';
/** As Samba 4.17 sends it: the target `dc1` and a pointer to `ad.example.test` in the question; NS and SOA left out. */
const COMPRESSED = '8580000100010000000005' + '5f6c646170045f746370026463065f6d73646373026164076578616d706c650474657374' + '0000210001' + 'c00c0021000100000384000c00000064018503646331c021';
const NOTHING = '8580000100000000000005' + '5f6c646170045f746370026463065f6d73646373026164076578616d706c650474657374' + '0000210001';
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => log };

/** Answers every question over TCP by these octets, hexadecimal, behind the question's id; none: not at all. */
async function serverThat(answers: string | undefined, { id }: { readonly id?: string } = {}): Promise<AsyncDisposable & { readonly address: string }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).once('data', (question) => {
      if (answers === undefined) return;
      const message = Buffer.concat([id === undefined ? question.subarray(2, 4) : Buffer.from(id, 'hex'), Buffer.from(answers, 'hex')]);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length);
      const whole = Buffer.concat([length, message]);
      // In two parts, as a network may.
      socket.write(whole.subarray(0, 5));
      setImmediate(() => { socket.end(whole.subarray(5)); });
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { address: `127.0.0.1:${String((server.address() as AddressInfo).port)}`, [Symbol.asyncDispose]: async () => { await new Promise((resolve) => { server.close(resolve); server.unref(); }); } };
}

describe('SRV over TCP', () => {
  it('takes a target that is compressed, as Samba sends it (RFC 3597 §4)', async () => {
    await using server = await serverThat(COMPRESSED);
    expect(await queryServices([server.address], NAME, 2_000)).toEqual([{ name: 'dc1.ad.example.test', port: 389, priority: 0, weight: 100 }]);
  });

  it('tells "no such name" and "nothing of that kind" from trouble', async () => {
    for (const [answer, code] of [[NOTHING.replace('8580', '8583'), 'ENOTFOUND'], [NOTHING, 'ENODATA'], [NOTHING.replace('8580', '8582'), 'ESERVFAIL'], [NOTHING.replace('8580', '8585'), 'EREFUSED']] as const) {
      await using server = await serverThat(answer);
      const error: unknown = await queryServices([server.address], NAME, 2_000).catch((reason: unknown) => reason);
      expect(error, code).toMatchObject({ code });
      expect(isUnknownName(error), code).toBe(code === 'ENOTFOUND' || code === 'ENODATA');
    }
  });

  it('takes no answer to another question, none that is cut off or points at itself, and waits no longer than it may', async () => {
    await using other = await serverThat(COMPRESSED, { id: '0000' });
    const answers = await Promise.all([1, 2, 3].map(() => queryServices([other.address], NAME, 2_000).catch((reason: unknown) => reason)));
    expect(answers.some((answer) => answer instanceof Error && 'code' in answer && answer.code === 'EBADRESP')).toBe(true);
    for (const broken of [COMPRESSED.slice(0, -6), COMPRESSED.replace(/c021$/, 'c04a'), '8580', '']) {
      await using server = await serverThat(broken);
      await expect(queryServices([server.address], NAME, 2_000), broken).rejects.toThrow();
    }
    await using silent = await serverThat(undefined);
    await expect(queryServices([silent.address], NAME, 50)).rejects.toMatchObject({ code: 'ETIMEOUT' });
  });

  it('asks the next server where the first is gone, and not where it knows better', async () => {
    await using knows = await serverThat(COMPRESSED);
    await using denies = await serverThat(NOTHING.replace('8580', '8583'));
    expect(await queryServices(['127.0.0.1:9', knows.address], NAME, 2_000)).toHaveLength(1);
    await expect(queryServices([denies.address, knows.address], NAME, 2_000)).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(queryServices([], NAME, 2_000)).rejects.toMatchObject({ code: 'ENOSERVERS' });
  });
});

describe('names', () => {
  const lookUp = (names: Names, name: string, all: boolean): Promise<unknown> => new Promise((resolve, reject) => {
    names.lookup(name, { all }, (error, address, family) => { if (error === null) resolve(all ? address : [address, family]); else reject(error); });
  });

  it('are addresses already, or found as the host finds them', async () => {
    const names = new Names([], { monotonic: () => 0 }, log);
    expect(await lookUp(names, '127.0.0.1', false)).toEqual(['127.0.0.1', 4]);
    expect(await lookUp(names, '::1', true)).toEqual([{ address: '::1', family: 6 }]);
    expect(await lookUp(names, 'localhost', true)).toContainEqual({ address: '127.0.0.1', family: 4 });
    await expect(lookUp(names, 'nobody.invalid', true)).rejects.toThrow();
  });

  it('that there are not are asked for anew, beside whoever waits, and what there was stays where it is lost', async () => {
    let now = 0;
    let asked = 0;
    let answer = NOTHING.replace('8580', '8583');
    const server = createServer((socket) => {
      socket.on('error', () => undefined).once('data', (question) => {
        asked++;
        const message = Buffer.concat([question.subarray(2, 4), Buffer.from(answer, 'hex')]);
        socket.end(Buffer.concat([Buffer.from([0, message.length]), message]));
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const names = new Names([`127.0.0.1:${String((server.address() as AddressInfo).port)}`], { monotonic: () => now }, log, (servers, name) => queryServices(servers, name, 2_000));
    const code = (): Promise<unknown> => names.services(NAME).then((found) => found[0]?.name, (error: unknown) => (error as { readonly code?: string }).code);
    try {
      expect([await code(), await code(), asked]).toEqual(['ENOTFOUND', 'ENOTFOUND', 1]);
      answer = COMPRESSED;
      now = 60_000;
      expect(await code()).toBe('ENOTFOUND');
      await expect.poll(code).toBe('dc1.ad.example.test');
      expect(asked).toBe(2);
      for (answer of [NOTHING.replace('8580', '8583'), NOTHING.replace('8580', '8582')]) {
        now += 60_000;
        const before = asked;
        expect(await code()).toBe('dc1.ad.example.test');
        await expect.poll(() => asked).toBe(before + 1);
        expect(await code()).toBe('dc1.ad.example.test');
      }
    } finally {
      await new Promise((resolve) => { server.close(resolve); });
    }
  });

  it('are asked once for all who come meanwhile, and no answer is one word in the log', async () => {
    let [now, asked] = [0, 0];
    let refuse: ((error: Error) => void) | undefined;
    const warned: string[] = [];
    const found = [{ name: 'dc1', port: 389, priority: 0, weight: 0 }];
    const names = new Names([], { monotonic: () => now }, { ...log, warn: (message) => { warned.push(message); } }, () => (++asked === 1 ? Promise.resolve(found) : new Promise((_, reject) => { refuse = reject; })));
    expect(await names.services(NAME)).toEqual(found);
    now = 60_000;
    for (let time = 0; time < 5; time++) expect(await names.services(NAME)).toEqual(found);
    refuse?.(new Error('away'));
    await expect.poll(() => warned.length).toBeGreaterThan(0);
    expect([asked, warned.length]).toEqual([2, 1]);
  });

  it('are asked of the servers that the config names, and of no other', async () => {
    const names = new Names(['127.0.0.1:9'], { monotonic: () => 0 }, log);
    await expect(lookUp(names, 'localhost.example.test', false)).rejects.toThrow();
    await expect(names.services(NAME)).rejects.toThrow();
    expect(() => new Names(['dns.example.com'], { monotonic: () => 0 }, log)).toThrow(/Invalid IP address/);
  });
});
