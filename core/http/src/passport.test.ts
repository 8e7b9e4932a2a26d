import type { AuthRequest } from '@kalends/contracts';
import { Strategy } from 'passport-strategy';
import { describe, expect, it } from 'vitest';
import { PassportAuthenticator } from './passport.ts';

class TokenStrategy extends Strategy {
  override authenticate(request: never): void {
    const { headers } = request as { readonly headers: Record<string, string | undefined> };
    const token = headers['authorization']?.split(' ')[1];
    if (token === 'good') this.success({ name: 'alice' });
    else if (token === 'leg1') this.fail('Token leg2', 401);
    else if (token === 'pass') this.pass();
    else if (token === 'bad') this.fail({ message: 'expired' }, 401);
    else if (token === 'throw') throw new Error('broken');
    else this.error(new Error('down'));
  }
}

const front = new PassportAuthenticator({
  scheme: 'Token', strategy: new TokenStrategy(), accountOf: (user) => (user as { name: string }).name, challenge: () => ['Token realm="x"'],
});
const request = (authorization?: string): AuthRequest => ({ method: 'GET', target: '/', headers: authorization === undefined ? {} : { authorization }, secure: true, address: '::1', connection: undefined });

describe('PassportAuthenticator', () => {
  it('accepts whom the strategy accepts, also when two ask at once', async () => {
    const [a, b] = await Promise.all([front.authenticate(request('Token good')), front.authenticate(request('Token bad'))]);
    expect(a).toEqual({ kind: 'accepted', account: 'alice' });
    expect(b).toEqual({ kind: 'rejected', reason: 'expired' });
  });
  it('hands a further leg on, and leaves other schemes alone', async () => {
    expect(await front.authenticate(request('Token leg1'))).toEqual({ kind: 'continue', challenge: 'Token leg2' });
    expect(await front.authenticate(request('Basic x'))).toEqual({ kind: 'not-mine' });
    expect(await front.authenticate(request('Token pass'))).toEqual({ kind: 'not-mine' });
    expect(await front.authenticate(request())).toEqual({ kind: 'not-mine' });
  });
  it('rejects its promise when the strategy breaks', async () => {
    await expect(front.authenticate(request('Token x'))).rejects.toThrow('down');
    await expect(front.authenticate(request('Token throw'))).rejects.toThrow('broken');
  });
});
