import type { Logger } from '@kalends/kernel';
import { person } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { Hosting, serverOrigin } from './hosting.ts';

function given(ownHost = 'cal1.example.com') {
  const errors: string[] = [];
  const silent = (): void => {};
  const log: Logger = { debug: silent, info: silent, warn: silent, error: (message, fields) => { errors.push(`${message} ${JSON.stringify(fields)}`); }, child: () => log };
  const hosting = new Hosting(() => ownHost, log);
  return { errors, at: (server?: string) => hosting.place(person('bob', server === undefined ? {} : { server })).elsewhere };
}

describe('the origin of a hosting server', () => {
  it.each([
    ['cal2.example.com', 'https://cal2.example.com'], ['CAL2.example.com:8443', 'https://cal2.example.com:8443'], ['https://cal2.example.com', 'https://cal2.example.com'],
    ['https://cal2.example.com:443', 'https://cal2.example.com'], ['192.0.2.7:8443', 'https://192.0.2.7:8443'], ['[2001:db8::7]:8443', 'https://[2001:db8::7]:8443'],
    ['bücher.example', 'https://xn--bcher-kva.example'], ['cal2', 'https://cal2'], ['http://localhost:8008', 'http://localhost:8008'], ['http://127.0.0.2:8008', 'http://127.0.0.2:8008'],
    ['http://[::1]:8008', 'http://[::1]:8008'],
  ])('is read of %s', (text, origin) => {
    expect(serverOrigin(text)).toBe(origin);
  });

  it.each([
    '', ' ', 'http://cal2.example.com', 'ftp://cal2.example.com', 'https://cal2.example.com/', 'https://cal2.example.com/calendars', 'https://bob:pw@cal2.example.com', 'cal2.example.com:', 'cal2.example.com:99999',
    'cal2 .example.com', 'cal2.example.com#x', 'https:cal2.example.com', '//cal2.example.com', '00002', '0x7f.1', 'cal2%2eexample.com', 'cal2.example.com\r\nX: y', '[::g]', 'none of these',
  ])('is not guessed of %j', (text) => {
    expect(serverOrigin(text)).toBeUndefined();
  });
});

describe('whose calendars are here', () => {
  it('are those of whom no server is named, and of this server\'s public host in any spelling', () => {
    const { at, errors } = given();
    for (const server of [undefined, 'cal1.example.com', 'CAL1.EXAMPLE.COM', 'https://cal1.example.com', 'cal1.example.com:443']) expect(at(server)).toBeUndefined();
    expect(errors).toEqual([]);
  });

  it('are told apart by the port, where one host has two servers', () => {
    const { at } = given('cal1.example.com:8443');
    expect(at('cal1.example.com:8443')).toBeUndefined();
    expect(at('cal1.example.com:9443')).toEqual({ origin: 'https://cal1.example.com:9443' });
    expect(at('cal1.example.com')).toEqual({ origin: 'https://cal1.example.com' });
  });

  it('are not those of a server that cannot be read, which is told once', () => {
    const { at, errors } = given();
    for (let n = 0; n < 3; n++) expect(at('cal2.example.com/calendars')).toEqual({ origin: undefined });
    expect(errors).toEqual([expect.stringContaining('{"id":"id-bob","server":"cal2.example.com/calendars"}')]);
  });
});
