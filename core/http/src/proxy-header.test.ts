/** Headers of the PROXY protocol (HAProxy's proxy-protocol.txt), sentence by sentence. */
import { describe, expect, it } from 'vitest';
import { readProxyHeader } from './proxy-header.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const V4 = 'c0a80001 c0a8000b dc04 01bb';
const V6 = '20010db8000000000000000000000007 20010db8000000000000000000000001 dc04 01bb';
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
/** `21` and `11`: PROXY, TCP over IPv4. Its length is that of `block`, unless it says another. */
const binary = (command: string, family: string, block: string, length = hex(block).length): Buffer => hex(`${SIGNATURE}${command}${family}${length.toString(16).padStart(4, '0')}${block}`);
const tlv = (type: string, value: string): string => `${type}${hex(value).length.toString(16).padStart(4, '0')}${value}`;
const text = (line: string): Buffer => Buffer.from(line, 'latin1');
const whole = (octets: Buffer) => {
  const header = readProxyHeader(octets);
  if (header.kind !== 'whole') throw new Error(`${header.kind}${'reason' in header ? `: ${header.reason}` : ''}`);
  return { ...header.client, after: octets.length - header.octets };
};
const kind = (octets: Buffer): string => readProxyHeader(octets).kind;
const itself = { address: undefined, secure: false, after: 0 };

describe('version 1', () => {
  it('reads the example of the specification, and leaves what follows (2.1)', () => {
    const request = 'GET / HTTP/1.1\r\nHost: 192.168.0.11\r\n\r\n';
    expect(whole(text(`PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n${request}`))).toEqual({ address: '192.168.0.1', secure: false, after: request.length });
  });
  it.each([
    ['the longest line of IPv4', 'PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n', '255.255.255.255'],
    ['the longest line of IPv6', 'PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['IPv6, upper case, as everybody writes it', 'PROXY TCP6 2001:DB8:0:0::7 ::1 0 0\r\n', '2001:db8::7'],
    ['IPv4 in the dress of IPv6', 'PROXY TCP6 ::ffff:192.0.2.7 ::ffff:192.0.2.1 1 2\r\n', '192.0.2.7'],
  ])('reads %s', (_what, line, address) => { expect(whole(text(line))).toEqual({ address, secure: false, after: 0 }); });
  it.each(['PROXY UNKNOWN\r\n', 'PROXY UNKNOWN ffff:f:f:f:f:f:f:ffff anything at all\r\n', 'PROXY UNKNOWN \r\n', `PROXY UNKNOWN ${'x'.repeat(91)}\r\n`])('takes %j for the proxy itself', (line) => {
    expect(whole(text(line))).toEqual(itself);
  });
  it('waits for the end of the line, whatever its parts are', () => {
    const line = 'PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n';
    for (let end = 0; end < line.length; end++) expect(kind(text(line.slice(0, end))), String(end)).toBe('partial');
  });
  it('looks for it in 107 octets, and no further', () => {
    expect(kind(text(`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`))).toBe('broken');
    expect(kind(text(`PROXY TCP4 ${'1'.repeat(95)}`))).toBe('partial');
    expect(kind(text(`PROXY TCP4 ${'1'.repeat(96)}`))).toBe('broken');
    expect(kind(text(`PROXY TCP4 ${'1'.repeat(2 ** 20)}\r\n`))).toBe('broken');
  });
  it.each([
    'PROXY  TCP4 192.0.2.1 192.0.2.2 1 2', 'PROXY TCP4  192.0.2.1 192.0.2.2 1 2', 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2 ', 'PROXY TCP4 192.0.2.1 192.0.2.2 1', 'PROXY TCP4 192.0.2.1\t192.0.2.2 1 2',
    'PROXY TCP4 192.0.2.01 192.0.2.2 1 2', 'PROXY TCP4 192.0.2.256 192.0.2.2 1 2', 'PROXY TCP4 192.0.2 192.0.2.2 1 2', 'PROXY TCP4 3221225985 192.0.2.2 1 2', 'PROXY TCP4 192.0.2.1 x 1 2',
    'PROXY TCP4 ::1 ::1 1 2', 'PROXY TCP6 192.0.2.1 192.0.2.2 1 2', 'PROXY TCP6 fe80::1%eth0 ::1 1 2', 'PROXY TCP6 1::2::3 ::1 1 2', 'PROXY TCP6 [::1] ::1 1 2',
    'PROXY TCP4 192.0.2.1 192.0.2.2 01 2', 'PROXY TCP4 192.0.2.1 192.0.2.2 1 65536', 'PROXY TCP4 192.0.2.1 192.0.2.2 -1 2', 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r', 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n',
    'PROXY TCP5 192.0.2.1 192.0.2.2 1 2', 'PROXY tcp4 192.0.2.1 192.0.2.2 1 2', 'PROXY UDP4 192.0.2.1 192.0.2.2 1 2', 'PROXY UNKNOWNS', 'PROXY unknown', 'PROXY UNKNOWN\nGET / HTTP/1.1', 'PROXY UNKNOWN x\ry', 'PROXY ', 'PROXY TCP4',
  ])('refuses %j', (line) => { expect(kind(text(`${line}\r\n`))).toBe('broken'); });
});

describe('version 2', () => {
  it('reads IPv4 and IPv6 over TCP, and leaves what follows (2.2)', () => {
    expect(whole(Buffer.concat([binary('21', '11', V4), text('GET')]))).toEqual({ address: '192.168.0.1', secure: false, after: 3 });
    expect(whole(Buffer.concat([binary('21', '21', V6), hex('160301')]))).toEqual({ address: '2001:db8::7', secure: false, after: 3 });
    expect(whole(binary('21', '21', `00000000000000000000ffffc0000207 ${'00'.repeat(16)} 00010002`))).toEqual({ address: '192.0.2.7', secure: false, after: 0 });
  });
  it.each([['nothing', '00', ''], ['no family of this world, and addresses', 'ff', V4], ['IPv4 without addresses', '11', ''], ['extensions that are none', '11', `${V4} 20ffff`]])('takes LOCAL with %s for the proxy itself, and skips it', (_what, family, block) => {
    expect(whole(Buffer.concat([binary('20', family, block), text('GET')]))).toEqual({ ...itself, after: 3 });
  });
  it.each([
    ['UNSPEC', '00', ''], ['UNSPEC with addresses', '00', V4], ['IPv4 over UNSPEC', '10', V4], ['UDP over IPv4', '12', V4], ['UDP over IPv6', '22', V6], ['a UNIX stream', '31', '2f'.repeat(216)], ['UNIX datagrams', '32', '00'.repeat(216)],
  ])('takes %s for the proxy itself', (_what, family, block) => { expect(whole(binary('21', family, block))).toEqual(itself); });
  it('waits for all of it', () => {
    const octets = binary('21', '11', `${V4} ${tlv('04', '000000')}`);
    for (let end = 0; end < octets.length; end++) expect(kind(octets.subarray(0, end)), String(end)).toBe('partial');
    expect(kind(octets)).toBe('whole');
  });
  it('believes PP2_TYPE_SSL that the client had TLS, wherever it stands, and nothing else', () => {
    const ssl = (flags: string): string => tlv('20', `${flags} 00000000 ${tlv('21', '544c537631')}`);
    const secure = (extensions: string): boolean => whole(binary('21', '11', `${V4} ${extensions}`)).secure;
    expect(secure(ssl('01'))).toBe(true);
    expect(secure(`${tlv('01', '6832')} ${tlv('04', '')} ${ssl('07')} ${tlv('30', '6e73')}`)).toBe(true);
    expect(secure(ssl('00'))).toBe(false);
    expect(secure(ssl('06'))).toBe(false);
    expect(secure(tlv('01', tlv('20', '01 00000000')))).toBe(false);
    expect(secure(tlv('ff', '0100000000'))).toBe(false);
    expect(whole(binary('21', '00', ssl('01'))).secure).toBe(false);
  });
  it.each([
    ['version 1 in version 2\'s dress', binary('11', '11', V4)], ['version 3', binary('31', '11', V4)], ['an unknown command', binary('22', '11', V4)], ['an unknown family', binary('21', '41', V4)], ['an unknown protocol', binary('21', '13', V4)],
    ['addresses that do not fit', binary('21', '11', V4.slice(0, 20))], ['IPv6 in the place of IPv4', binary('21', '21', V4)], ['a short UNIX address', binary('21', '31', '00'.repeat(108))],
    ['a type without a length', binary('21', '11', `${V4} 2000`)], ['an extension that is longer than its place', binary('21', '11', `${V4} 20000601 00000000`)], ['a PP2_TYPE_SSL that is too short', binary('21', '11', `${V4} ${tlv('20', '01')}`)],
    ['an unknown family, before its addresses came', binary('21', '41', '', 12)], ['a length that is no family\'s, before any of it came', binary('21', '21', '', 12)],
    ['a length beyond all reason, before any of it came', binary('21', '11', '', 0xffff)], ['LOCAL with such a length', binary('20', '00', '', 4081)],
  ])('refuses %s', (_what, octets) => { expect(kind(octets)).toBe('broken'); });
});

it.each(['GET / HTTP/1.1\r\n', 'PROXX', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\r\n\r\n\r\n', 'proxy TCP4', '\u0016\u0003\u0001\u0002\u0000', '\0', ' PROXY UNKNOWN\r\n', '\n'])('what is no header is told with its first wrong octet: %j', (beginning) => {
  expect(kind(text(beginning))).toBe('broken');
});

it('takes any octets without a fault, and never more than there are', () => {
  // xorshift32: the same octets each time.
  let state = 0x9e3779b9;
  const next = (): number => { state ^= state << 13; state ^= state >>> 17; state ^= state << 5; return state >>> 0; };
  for (let round = 0; round < 20_000; round++) {
    const octets = Buffer.concat([binary('21', ['11', '21', '31', '00'][next() % 4]!, '', next() % 300), Buffer.from(Array.from({ length: next() % 300 }, () => next() & 0xff))]);
    if (round % 3 === 0) octets[12 + next() % 4] = next() & 0xff;
    const header = readProxyHeader(octets);
    if (header.kind === 'whole') expect(header.octets).toBeLessThanOrEqual(octets.length);
  }
});
