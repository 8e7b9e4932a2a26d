import { describe, expect, it } from 'vitest';
import { Listener, readAddress } from './listen.ts';

const LIMITS = { headersMilliseconds: 1000, requestMilliseconds: 1000, keepAliveMilliseconds: 1000, headerOctets: 8192, headerCount: 50, connections: 10 };

describe('addresses', () => {
  it.each([
    ['8008', false, { secure: false, host: undefined, port: 8008 }], ['0.0.0.0:8443', true, { secure: true, host: '0.0.0.0', port: 8443 }], ['[::1]:0', false, { secure: false, host: '::1', port: 0 }],
    ['http://localhost:80', true, { secure: false, host: 'localhost', port: 80 }], ['https://*:443/', false, { secure: true, host: undefined, port: 443 }],
  ])('reads %s', (text, secure, expected) => { expect(readAddress(text, secure)).toEqual(expected); });
  it.each(['', 'host', 'host:', 'host:99999', '::1:80', 'ftp://x:1', 'a b:1'])('refuses %j with what to write', (text) => { expect(() => readAddress(text, false)).toThrow('write host:port'); });
});

describe('a listener', () => {
  it('listens at several addresses at once, and says where', async () => {
    const listener = new Listener([readAddress('127.0.0.1:0', false), readAddress('localhost:0', false)], (_request, response) => { response.end('here'); }, LIMITS, undefined);
    await listener.start();
    const ports = listener.addresses().map(({ port }) => port);
    expect(new Set(ports).size).toBe(2);
    for (const { host, port } of listener.addresses()) expect(await (await fetch(`http://${host}:${port}/`, { headers: { connection: 'close' } })).text()).toBe('here');
    await listener.stop(AbortSignal.timeout(1000));
  });
  it('names the address that cannot be had, and keeps none open', async () => {
    const first = new Listener([readAddress('127.0.0.1:0', false)], () => undefined, LIMITS, undefined);
    await first.start();
    const { port } = first.addresses()[0]!;
    const second = new Listener([readAddress('127.0.0.1:0', false), readAddress(`127.0.0.1:${port}`, false)], () => undefined, LIMITS, undefined);
    await expect(second.start()).rejects.toThrow(`cannot listen at 127.0.0.1:${port}`);
    await first.stop(AbortSignal.timeout(1000));
  });
  it('does not pretend to TLS without a certificate', () => {
    expect(() => new Listener([readAddress('https://127.0.0.1:0', false)], () => undefined, LIMITS, undefined)).toThrow('no certificate is configured');
  });
});
