/** What a write lock holds off (RFC 4918 §7), method by method, and what becomes of it when what it stands on goes. */
import type { Privileges } from '@kalends/contracts';
import { READ, WRITE, WRITE_ACL } from '@kalends/contracts';
import { event } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { AMY_HOME, CALENDAR } from './caldav-server.ts';
import { BOX, FILE, given, hrefsIn, isLocked, lock, lockInfo, put, tokenIn } from './locks-given.ts';

describe('a lock holds off (RFC 4918 §7)', () => {
  const writes: readonly (readonly [method: string, body: string | undefined, headers: Readonly<Record<string, string>>])[] = [
    ['PUT', 'two', {}],
    ['PROPPATCH', '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><x xmlns="urn:x">1</x></D:prop></D:set></D:propertyupdate>', {}],
    ['ACL', '<D:acl xmlns:D="DAV:"/>', {}],
    ['DELETE', undefined, {}],
    ['MOVE', undefined, { Destination: `${BOX}moved.txt` }],
  ];

  it.each(writes)('%s of a file by everybody but its holder with its token: 423 lock-token-submitted (RFC 4918 §7.5, §16)', async (method, body, headers) => {
    await using server = await given((READ | WRITE | WRITE_ACL) as Privileges);
    const token = tokenIn(await lock(server, FILE));
    const attempts = [
      await server.send(method, FILE, body, headers), await server.send(method, FILE, body, headers, 'bob'),
      // A token is no secret, and no key for anybody else (RFC 4918 §6.4).
      await server.send(method, FILE, body, { ...headers, If: `(<${token}>)` }, 'bob'),
    ];
    for (const answer of attempts) expect([answer.status, answer.condition(), hrefsIn(answer)]).toEqual([423, 'lock-token-submitted', [FILE]]);
    expect((await server.send('GET', FILE)).text).toBe('one');
    expect((await server.send(method, FILE, body, { ...headers, If: `(<${token}>)` })).status).toBeLessThan(300);
  });

  it('neither readers nor copies of what is locked (RFC 4918 §7)', async () => {
    await using server = await given();
    await lock(server, FILE);
    expect((await server.send('GET', FILE, undefined, {}, 'bob')).status).toBe(200);
    expect((await server.send('COPY', FILE, undefined, { Destination: `${BOX}copy.txt` }, 'bob')).status).toBe(201);
    expect(await isLocked(server, `${BOX}copy.txt`)).toBe(false);
  });

  it('new members and removals of a locked collection, and nothing else of them at Depth 0 (RFC 4918 §7.4)', async () => {
    await using server = await given();
    const token = tokenIn(await lock(server, BOX));
    for (const [method, path, headers] of [
      ['PUT', `${BOX}new.txt`, {}], ['MKCOL', `${BOX}sub/`, {}], ['DELETE', FILE, {}], ['MOVE', FILE, { Destination: `${BOX}else.txt` }], ['COPY', FILE, { Destination: `${BOX}copy.txt` }],
      ['LOCK', `${BOX}new.txt`, {}],
    ] as const) {
      const body = method === 'PUT' ? 'x' : method === 'LOCK' ? lockInfo() : undefined;
      const answer = await server.send(method, path, body, headers, 'bob');
      expect([method, answer.status, hrefsIn(answer)]).toEqual([method, 423, [BOX]]);
    }
    expect((await put(server, FILE, 'bob')).status).toBe(204);
    expect((await put(server, `${BOX}new.txt`, 'amy', { If: `<${BOX}> (<${token}>)` })).status).toBe(201);
    expect(await isLocked(server, `${BOX}new.txt`)).toBe(false);
  });

  it('all below at Depth infinity, and what comes there later (RFC 4918 §7.4, §7.6)', async () => {
    await using server = await given();
    await server.send('MKCOL', `${BOX}sub/`);
    const token = tokenIn(await lock(server, BOX, { depth: 'infinity' }));
    expect((await put(server, `${BOX}sub/deep.txt`, 'bob')).status).toBe(423);
    const deep = { If: `<${BOX}> (<${token}>)` };
    expect((await put(server, `${BOX}sub/deep.txt`, 'amy', deep)).status).toBe(201);
    expect(await isLocked(server, `${BOX}sub/deep.txt`)).toBe(true);
    expect((await put(server, `${BOX}sub/deep.txt`, 'bob')).status).toBe(423);
    expect((await server.send('MOVE', `${BOX}sub/deep.txt`, undefined, { ...deep, Destination: `${BOX}up.txt` })).status).toBe(201);
    expect(await isLocked(server, `${BOX}up.txt`)).toBe(true);
    expect((await server.send('PROPFIND', BOX, undefined, { Depth: '1' })).text.split('<activelock').length - 1).toBe(4);
  });

  it('the removal of a collection with a locked member, which it names (RFC 4918 §9.6.1)', async () => {
    await using server = await given();
    await server.send('MKCOL', `${BOX}sub/`);
    await put(server, `${BOX}sub/a.txt`);
    const token = tokenIn(await lock(server, `${BOX}sub/a.txt`, { as: 'bob' }));
    const answer = await server.send('DELETE', `${BOX}sub/`);
    expect([answer.status, answer.condition(), hrefsIn(answer)]).toEqual([423, 'lock-token-submitted', [`${BOX}sub/a.txt`]]);
    expect((await server.send('DELETE', `${BOX}sub/`, undefined, { If: `<${BOX}sub/a.txt> (<${token}>)` }, 'bob')).status).toBe(204);
    await server.send('MKCOL', `${BOX}sub/`);
    expect((await put(server, `${BOX}sub/a.txt`)).status).toBe(201);
  });

  it('what would replace it by COPY and MOVE, and stays on the place where it stood (RFC 4918 §7.6, §9.8.5, §9.9.4)', async () => {
    await using server = await given();
    await put(server, `${BOX}other.txt`);
    const token = tokenIn(await lock(server, FILE, { as: 'bob' }));
    for (const method of ['COPY', 'MOVE']) {
      const answer = await server.send(method, `${BOX}other.txt`, undefined, { Destination: FILE });
      expect([answer.status, hrefsIn(answer)]).toEqual([423, [FILE]]);
    }
    expect((await server.send('MOVE', `${BOX}other.txt`, undefined, { Destination: FILE, If: `<${FILE}> (<${token}>)` }, 'bob')).status).toBe(204);
    expect((await server.send('GET', FILE)).text).toBe('two');
    expect(await isLocked(server, FILE)).toBe(true);
  });

  it('the same in another\'s home', async () => {
    await using server = await given();
    const token = tokenIn(await lock(server, FILE));
    const bobs = '/calendars/__uids__/id-bob/dropbox/note.txt';
    await server.send('PUT', bobs, 'mine', { 'Content-Type': 'text/plain' }, 'bob');
    const answer = await server.send('COPY', bobs, undefined, { Destination: FILE }, 'bob');
    expect([answer.status, hrefsIn(answer)]).toEqual([423, [FILE]]);
    expect((await server.send('MOVE', FILE, undefined, { Destination: '/calendars/__uids__/id-bob/dropbox/from-amy.txt' }, 'bob')).status).toBe(423);
    expect((await server.send('GET', '/calendars/__uids__/id-bob/dropbox/from-amy.txt', undefined, {}, 'bob')).status).toBe(404);
    expect((await server.send('GET', FILE)).text).toBe('one');
    expect(token).not.toBe('');
  });

  it('writers of calendar objects: PUT, POST, MOVE, DELETE', async () => {
    await using server = await given();
    const at = `${CALENDAR}a.ics`;
    const token = tokenIn(await lock(server, at));
    const body = event('a', { summary: 'Other' }).body;
    for (const answer of [
      await server.send('PUT', at, body, {}, 'bob'), await server.send('DELETE', at, undefined, {}, 'bob'), await server.send('MOVE', at, undefined, { Destination: `${CALENDAR}b.ics` }, 'bob'),
    ]) expect([answer.status, answer.condition(), hrefsIn(answer)]).toEqual([423, 'lock-token-submitted', [at]]);
    expect((await server.send('PUT', at, body, { If: `(<${token}>)` })).status).toBe(204);
    expect((await server.send('DELETE', at, undefined, { If: `(<${token}>)` })).status).toBe(204);
    expect((await server.send('PUT', at, body)).status).toBe(201);
    expect(await isLocked(server, at)).toBe(false);
  });

  it('whoever would change a locked calendar, its properties or its members', async () => {
    await using server = await given();
    const token = tokenIn(await lock(server, CALENDAR, { depth: 'infinity' }));
    const proppatch = '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><D:displayname>Mine</D:displayname></D:prop></D:set></D:propertyupdate>';
    for (const answer of [
      await server.send('PUT', `${CALENDAR}b.ics`, event('b').body), await server.send('POST', `${CALENDAR};add-member`, event('b').body), await server.send('PROPPATCH', CALENDAR, proppatch),
      await server.send('DELETE', CALENDAR), await server.send('MOVE', CALENDAR, undefined, { Destination: `${AMY_HOME}renamed/` }),
    ]) expect([answer.status, answer.condition(), hrefsIn(answer)]).toEqual([423, 'lock-token-submitted', [CALENDAR]]);
    const held = { If: `<${CALENDAR}> (<${token}>)` };
    expect((await server.send('POST', `${CALENDAR};add-member`, event('b').body, held)).status).toBe(201);
    expect((await server.send('PROPPATCH', CALENDAR, proppatch, held)).status).toBe(207);
    expect((await server.send('MOVE', CALENDAR, undefined, { ...held, Destination: `${AMY_HOME}renamed/` })).status).toBe(201);
    expect(await isLocked(server, `${AMY_HOME}renamed/`)).toBe(false);
  });

  it('goes with what is deleted: who makes it anew needs no token (RFC 4918 §6.1, §9.6)', async () => {
    await using server = await given();
    const token = tokenIn(await lock(server, CALENDAR, { depth: 'infinity' }));
    expect((await server.send('DELETE', CALENDAR, undefined, { If: `<${CALENDAR}> (<${token}>)` })).status).toBe(204);
    expect((await server.send('MKCALENDAR', CALENDAR)).status).toBe(201);
    expect((await server.send('PUT', `${CALENDAR}a.ics`, event('a').body, {}, 'bob')).status).toBe(201);
    expect(server.errors).toEqual([]);
  });

  it('as shared locks do where one holder submits his token (RFC 4918 §6.2)', async () => {
    await using server = await given();
    const mine = tokenIn(await lock(server, FILE, { scope: 'shared' }));
    await lock(server, FILE, { scope: 'shared', as: 'bob' });
    expect((await put(server, FILE, 'bob')).status).toBe(423);
    expect((await put(server, FILE, 'bob', { If: `(<${mine}>)` })).status).toBe(423);
    expect((await put(server, FILE, 'amy', { If: `(<${mine}>)` })).status).toBe(204);
  });
});
