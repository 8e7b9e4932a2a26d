import { describe, expect, it } from 'vitest';
import { isLoopback } from './loopback.ts';

describe('isLoopback', () => {
  it('knows what only this machine can reach', () => {
    for (const host of ['127.0.0.1', '127.8.9.1', '::1', '[::1]', 'localhost', 'LOCALHOST']) expect([host, isLoopback(host)]).toEqual([host, true]);
  });
  it('believes no name and no other address', () => {
    for (const host of [undefined, '0.0.0.0', '::', '192.0.2.1', '10.0.0.1', 'example.com', 'localhost.example.com', '']) expect([host, isLoopback(host)]).toEqual([host, false]);
  });
});
