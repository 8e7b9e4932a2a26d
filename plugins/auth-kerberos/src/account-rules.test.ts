import { describe, expect, it } from 'vitest';
import { accountOf, type RealmRule } from './account-rules.ts';

const rules: ReadonlyMap<string, RealmRule> = new Map([
  ['EXAMPLE.TEST', { account: 'name', 'lower-case': false }],
  ['AD.TEST', { account: 'name', 'lower-case': true }],
  ['PARTNER.TEST', { account: 'name@realm', 'lower-case': false }],
]);

describe('from principal to account', () => {
  it.each([
    ['alice@EXAMPLE.TEST', 'alice'], ['Alice@EXAMPLE.TEST', 'Alice'], ['Alice.Ärmel@AD.TEST', 'alice.ärmel'], ['alice@PARTNER.TEST', 'alice@PARTNER.TEST'],
  ])('takes %s for %s', (principal, account) => {
    expect(accountOf(principal, rules)).toEqual({ account });
  });

  it.each([
    ['alice@OTHER.TEST', 'is not one of'], ['alice@example.test', 'is not one of'], ['alice', 'names no realm'], ['@EXAMPLE.TEST', 'names no realm'], ['alice@', 'names no realm'],
    ['HTTP/localhost@EXAMPLE.TEST', 'not a person'], ['alice/admin@EXAMPLE.TEST', 'not a person'], ['alice@PARTNER.TEST@EXAMPLE.TEST', 'not a person'],
    ['ali\\/ce@EXAMPLE.TEST', 'not a person'], ['alice\n@EXAMPLE.TEST', 'not a person'],
  ])('refuses %j', (principal, reason) => {
    expect(accountOf(principal, rules)).toEqual({ refused: expect.stringContaining(reason) as string });
  });
});
