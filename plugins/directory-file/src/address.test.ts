import { describe, expect, it } from 'vitest';
import { addressKey } from './address.ts';

describe('the key of an address', () => {
  it('is one for all its spellings', () => {
    expect(['/principals/users/ann', '/principals/users/ann/', ' /principals/users/ann// '].map(addressKey)).toEqual(Array(3).fill('/principals/users/ann'));
    expect(['HTTPS://x/ann/', 'MAILTO:Ann@Example.com?subject=x', 'urn:UUID:A', '/', ''].map(addressKey)).toEqual(['https://x/ann', 'mailto:ann@example.com', 'urn:uuid:a', '', '']);
  });

  it('is read in time, whatever a client writes', () => {
    const slashes = '/'.repeat(1_000_000);
    expect([addressKey(`${slashes}x`), addressKey(`http:${slashes}x/`)]).toEqual([`${slashes}x`, `http:${slashes}x`]);
  });
});
