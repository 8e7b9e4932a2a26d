import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askKdc, checkKeytab } from './diagnosis.ts';
import { readKeytab } from './keytab.ts';

/** One key of MIT's format 0x0502. */
function entry(name: string, { realm = 'EXAMPLE.TEST', version = 3, encryption = 18 } = {}): Buffer {
  const counted = (text: string): Buffer => Buffer.concat([uint16(Buffer.byteLength(text)), Buffer.from(text)]);
  const parts = name.split('/');
  const body = Buffer.concat([
    uint16(parts.length), counted(realm), ...parts.map(counted), Buffer.alloc(8), Buffer.from([version & 0xff]), uint16(encryption), counted('0123456789abcdef'), Buffer.from([0, 0, version >> 8, version & 0xff]),
  ]);
  return Buffer.concat([int32(body.length), body]);
}
const uint16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const int32 = (value: number): Buffer => { const octets = Buffer.alloc(4); octets.writeInt32BE(value); return octets; };
const file = (...entries: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from([5, 2]), ...entries]);

describe('a keytab', () => {
  it('tells names, realms, versions and encryption types, and no keys', () => {
    const octets = file(entry('HTTP/a.test'), Buffer.concat([int32(-6), Buffer.alloc(6)]), entry('HTTP/a.test', { version: 300, encryption: 17 }), entry('host/a.test', { realm: 'B.TEST' }));
    expect(readKeytab(octets)).toEqual([
      { name: 'HTTP/a.test', realm: 'EXAMPLE.TEST', version: 3, encryption: 18 }, { name: 'HTTP/a.test', realm: 'EXAMPLE.TEST', version: 300, encryption: 17 },
      { name: 'host/a.test', realm: 'B.TEST', version: 3, encryption: 18 },
    ]);
  });

  it('is refused when it is none, or ends in the middle, wherever it is cut', () => {
    const whole = file(entry('HTTP/a.test'));
    expect(() => readKeytab(Buffer.from('text'))).toThrow('not a keytab');
    expect(() => readKeytab(Buffer.alloc(0))).toThrow('not a keytab');
    for (let length = 7; length < whole.length; length++) expect(() => readKeytab(whole.subarray(0, length)), String(length)).toThrow(/keytab ends in the middle/);
    const lying = Buffer.from(whole);
    lying.writeUInt16BE(60_000, 8);
    expect(() => readKeytab(lying)).toThrow('cut short');
  });
});

describe('what is checked at boot', () => {
  let folder: string;
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'kalends-keytab-')); });
  afterEach(() => { rmSync(folder, { recursive: true }); });
  const written = (...entries: readonly Buffer[]): string => {
    const path = join(folder, 'http.keytab');
    writeFileSync(path, file(...entries));
    return path;
  };

  it('takes every HTTP service, and the realms of those alone', () => {
    const { services, realms, warnings } = checkKeytab(written(entry('HTTP/a.test'), entry('HTTP/b.test'), entry('host/a.test', { realm: 'B.TEST' })), []);
    expect([[...services], [...realms], warnings]).toEqual([['HTTP/a.test@EXAMPLE.TEST', 'HTTP/b.test@EXAMPLE.TEST'], ['EXAMPLE.TEST'], []]);
  });

  it('takes the named ones, with or without a realm, and says which is not there', () => {
    const path = written(entry('HTTP/a.test'), entry('HTTP/b.test'));
    expect([...checkKeytab(path, ['HTTP/b.test@EXAMPLE.TEST']).services]).toEqual(['HTTP/b.test@EXAMPLE.TEST']);
    const two = written(entry('HTTP/a.test'), entry('HTTP/a.test', { realm: 'B.TEST' }));
    expect([...checkKeytab(two, ['HTTP/a.test@B.TEST']).realms]).toEqual(['B.TEST']);
    expect([...checkKeytab(two, ['HTTP/a.test']).services]).toEqual(['HTTP/a.test@EXAMPLE.TEST', 'HTTP/a.test@B.TEST']);
    written(entry('HTTP/a.test'), entry('HTTP/b.test'));
    expect(() => checkKeytab(path, ['HTTP/a.test', 'HTTP/c.test'])).toThrow(`${path} has no key of HTTP/c.test, only of HTTP/a.test@EXAMPLE.TEST, HTTP/b.test@EXAMPLE.TEST`);
  });

  it('warns of a service that has only weak keys', () => {
    expect(checkKeytab(written(entry('HTTP/a.test', { encryption: 23 }), entry('HTTP/b.test', { encryption: 23 }), entry('HTTP/b.test')), []).warnings).toEqual([expect.stringMatching(/^HTTP\/a\.test@EXAMPLE\.TEST has only weak keys/)]);
  });

  it('knows nothing of the KDC where there is no kinit, and tells what it said otherwise', async () => {
    expect(await askKdc('/nowhere', 'HTTP/a.test', join(folder, 'no-kinit'))).toBeUndefined();
    const kinit = join(folder, 'kinit');
    writeFileSync(kinit, '#!/bin/sh\necho "kinit: Clock skew too great while getting initial credentials" >&2\nexit 1\n', { mode: 0o755 });
    expect(await askKdc('/nowhere', 'HTTP/a.test', kinit)).toMatch(/^HTTP\/a\.test: the clock of this machine and the KDC's differ .*\(kinit: kinit: Clock skew too great/);
  });
});
