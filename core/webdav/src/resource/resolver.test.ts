import type { ResourceKind } from '@kalends/contracts';
import { describe, expect, it } from 'vitest';
import { davPrivileges } from './privileges.ts';
import { Resolver } from './resolver.ts';
import { parsePath } from './url.ts';

const kind = (name: string, ...paths: string[]): ResourceKind => ({ kind: name, paths, privileges: davPrivileges, protectedAcl: () => [], resolve: async () => undefined });
const resolver = new Resolver([
  kind('home', '/calendars/__uids__/{id}/{path*}', '/calendars/{type}/{name}/{path*}'), kind('root', '/'), kind('listing', '/calendars/'), kind('type', '/calendars/users/', '/calendars/groups/'),
  kind('proxy', '/principals/{type}/{name}/calendar-proxy-read'), kind('principal', '/principals/{type}/{name}/'),
]);
const match = (path: string) => {
  const found = resolver.match(parsePath(path));
  return found === undefined ? undefined : [found.kind.kind, Object.fromEntries(found.match.values)];
};

describe('the resolver', () => {
  it('takes a literal before a name, and a name before the rest', () => {
    expect(match('/')).toEqual(['root', {}]);
    expect(match('/calendars/users/')).toEqual(['type', {}]);
    expect(match('/calendars/users/amy')).toEqual(['home', { type: ['users'], name: ['amy'], path: [] }]);
    expect(match('/calendars/__uids__/1/a/b%20c')).toEqual(['home', { id: ['1'], path: ['a', 'b c'] }]);
    expect(match('/principals/users/amy/calendar-proxy-read/')).toEqual(['proxy', { type: ['users'], name: ['amy'] }]);
    expect(match('/principals/users/amy')).toEqual(['principal', { type: ['users'], name: ['amy'] }]);
  });
  it.each(['/nothing', '/principals/users', '/principals/users/amy/other', '/calendars/elsewhere'])('knows nobody at %s', (path) => { expect(match(path)).toBeUndefined(); });
  it('refuses two kinds with one path, and two names for one place', () => {
    expect(() => new Resolver([kind('a', '/x'), kind('b', '/x/')])).toThrow('kinds a and b both have the path /x/');
    expect(() => new Resolver([kind('a', '/{one}/x'), kind('b', '/{two}/y')])).toThrow('calls {two} what another calls {one}');
    expect(() => new Resolver([kind('a', '/{one*}/x')])).toThrow('goes on after {one*}');
  });
});
