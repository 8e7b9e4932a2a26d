/** Write locks over HTTP (RFC 4918 §6, §9.10, §9.11, §10.4): who gets and keeps them, how long, and how they show. */
import type { PrincipalId, Privileges } from '@kalends/contracts';
import { READ, UNLOCK, WRITE } from '@kalends/contracts';
import { event } from '@kalends/testkit';
import { describe, expect, it } from 'vitest';
import { AMY_HOME, CALENDAR, NOW } from './caldav-server.ts';
import type { Answer } from './caldav-server.ts';
import { BOX, FILE, UNLIMITED, discover, given, hrefsIn, isLocked, lock, lockInfo, put, tokenIn } from './locks-given.ts';

describe('LOCK (RFC 4918 §9.10)', () => {
  it('is advertised: class 2 in the DAV field, LOCK and UNLOCK where they are defined and only there (RFC 4918 §18.2)', async () => {
    await using server = await given();
    for (const path of [FILE, BOX, CALENDAR, `${CALENDAR}a.ics`]) {
      const { headers } = await server.send('OPTIONS', path);
      expect(headers.get('dav')).toMatch(/^1, 2, 3\b/);
      expect(headers.get('allow')).toMatch(/\bLOCK\b.*\bUNLOCK\b/);
    }
    expect((await server.send('OPTIONS', AMY_HOME)).headers.get('allow')).not.toContain('LOCK');
    expect((await lock(server, AMY_HOME)).status).toBe(405);
    expect((await lock(server, `${AMY_HOME}inbox/`)).status).toBe(405);
  });

  it('answers with the token, and with lockdiscovery in full (RFC 4918 §9.10.1, §14.1)', async () => {
    await using server = await given();
    const answer = await lock(server, FILE, { timeout: 'Infinite, Second-4100000000' });
    expect(answer.status).toBe(200);
    const token = tokenIn(answer);
    expect(token).toMatch(/^urn:uuid:[0-9a-f-]{36}$/);
    const expected = `<activelock><locktype><write/></locktype><lockscope><exclusive/></lockscope><depth>0</depth>`;
    expect(answer.text).toContain(expected);
    expect(answer.text).toContain('Amy at her desk</owner>');
    expect(answer.text).toContain(`<timeout>Second-86400</timeout><locktoken><href>${token}</href></locktoken><lockroot><href>${FILE}</href></lockroot>`);
    expect((await discover(server, FILE)).text).toContain(`<href>${token}</href>`);
  });

  it('grants the time that is asked for, a day at most, an hour where nothing is said (RFC 4918 §10.7)', async () => {
    await using server = await given();
    for (const [asked, granted] of [['Second-60', 60], ['Second-4100000000', 86_400], ['Infinite', 86_400], ['Extended, Second-90', 90], [undefined, 3_600]] as const) {
      const answer = await lock(server, FILE, { scope: 'shared', ...(asked === undefined ? {} : { timeout: asked }) });
      expect(answer.text).toContain(`<timeout>Second-${granted}</timeout>`);
    }
  });

  it('makes an empty file at a name where nothing is: 201, and it stays when the lock goes (RFC 4918 §7.3)', async () => {
    await using server = await given();
    const answer = await lock(server, `${BOX}new.txt`);
    expect(answer.status).toBe(201);
    expect((await server.send('GET', `${BOX}new.txt`)).headers.get('content-length')).toBe('0');
    expect((await put(server, `${BOX}new.txt`, 'bob')).status).toBe(423);
    expect((await put(server, `${BOX}new.txt`, 'amy', { If: `(<${tokenIn(answer)}>)` })).status).toBe(204);
    expect((await server.send('MKCOL', `${BOX}new.txt`)).status).toBe(405);
    expect((await server.send('UNLOCK', `${BOX}new.txt`, undefined, { 'Lock-Token': `<${tokenIn(answer)}>` })).status).toBe(204);
    expect((await server.send('GET', `${BOX}new.txt`)).text).toBe('two');
  });

  it('makes nothing empty in a calendar, and nothing where no collection is: 403, 409 (RFC 4918 §9.10.6)', async () => {
    await using server = await given();
    expect((await lock(server, `${CALENDAR}new.ics`)).status).toBe(403);
    expect((await server.send('GET', `${CALENDAR}new.ics`)).status).toBe(404);
    expect((await lock(server, `${BOX}nothing/here.txt`)).status).toBe(409);
  });

  it('refuses what it does not understand: 400 (RFC 4918 §9.10.6, §14.11)', async () => {
    await using server = await given();
    const bad = (body: string | undefined, headers: Readonly<Record<string, string>> = {}): Promise<Answer> => server.send('LOCK', FILE, body, headers);
    expect((await bad('<D:lockinfo xmlns:D="DAV:"/>')).status).toBe(400);
    expect((await bad('<D:lock xmlns:D="DAV:"/>')).status).toBe(400);
    expect((await bad(lockInfo().replace('D:write', 'D:read'))).status).toBe(400);
    expect((await bad(lockInfo('exclusive').replace('<D:exclusive/>', '<D:exclusive/><D:shared/>'))).status).toBe(400);
    expect((await bad(lockInfo(), { Depth: '1' })).status).toBe(400);
    expect((await bad(lockInfo('shared', `<D:owner>${'x'.repeat(5_000)}</D:owner>`))).status).toBe(400);
    expect((await bad(undefined)).status).toBe(400);
    expect(await isLocked(server, FILE)).toBe(false);
  });

  it('needs the privilege to write (RFC 3744, appendix B), and somebody', async () => {
    await using server = await given(READ);
    const answer = await lock(server, FILE, { as: 'bob' });
    expect([answer.status, answer.condition()]).toEqual([403, 'need-privileges']);
    expect((await lock(server, `${BOX}new.txt`, { as: 'bob' })).status).toBe(403);
    expect((await server.send('LOCK', FILE, lockInfo(), {}, null)).status).toBe(401);
  });

  it('keeps one exclusive lock, or many shared ones (RFC 4918 §6.2)', async () => {
    await using server = await given();
    const mine = await lock(server, FILE, { scope: 'shared' });
    const theirs = await lock(server, FILE, { scope: 'shared', as: 'bob' });
    expect([mine.status, theirs.status]).toEqual([200, 200]);
    expect(theirs.text.split('<activelock').length - 1).toBe(2);
    const third = await lock(server, FILE, { as: 'bob' });
    expect([third.status, third.condition(), hrefsIn(third)]).toEqual([423, 'no-conflicting-lock', [FILE]]);
    await server.send('UNLOCK', FILE, undefined, { 'Lock-Token': `<${tokenIn(mine)}>` });
    await server.send('UNLOCK', FILE, undefined, { 'Lock-Token': `<${tokenIn(theirs)}>` }, 'bob');
    expect((await lock(server, FILE)).status).toBe(200);
    expect((await lock(server, FILE, { scope: 'shared' })).condition()).toBe('no-conflicting-lock');
  });

  it('answers 207 where a member is locked already: 423 for it, 424 for the collection, and nothing is locked (RFC 4918 §9.10.3, §9.10.9)', async () => {
    await using server = await given();
    await lock(server, FILE, { as: 'bob' });
    const answer = await lock(server, BOX, { depth: 'infinity' });
    expect(answer.status).toBe(207);
    expect(answer.rows().get(FILE)?.status).toBe(423);
    expect(answer.rows().get(BOX)?.status).toBe(424);
    expect(answer.headers.get('lock-token')).toBeNull();
    expect((await put(server, `${BOX}other.txt`, 'bob')).status).toBe(201);
  });

  it('names the locked collection to whoever wants to lock a member of it (RFC 4918 §16, no-conflicting-lock)', async () => {
    await using server = await given();
    await lock(server, BOX, { depth: 'infinity' });
    const answer = await lock(server, FILE, { as: 'bob' });
    expect([answer.status, answer.condition(), hrefsIn(answer)]).toEqual([423, 'no-conflicting-lock', [BOX]]);
  });

  it('keeps a lock longer without a body, for whoever holds it (RFC 4918 §9.10.2)', async () => {
    await using server = await given();
    const token = tokenIn(await lock(server, FILE, { timeout: 'Second-60' }));
    const refresh = (headers: Readonly<Record<string, string>>, as = 'amy', path = FILE): Promise<Answer> => server.send('LOCK', path, undefined, headers, as);
    const longer = await refresh({ If: `(<${token}>)`, Timeout: 'Second-600' });
    expect(longer.status).toBe(200);
    expect(longer.text).toContain('<timeout>Second-600</timeout>');
    expect(longer.headers.get('lock-token')).toBeNull();
    expect((await refresh({ If: `(<${token}>)` }, 'bob')).status).toBe(403);
    const other = await refresh({ If: '(<urn:uuid:none>)' });
    expect([other.status, other.condition()]).toEqual([412, 'lock-token-matches-request-uri']);
    expect((await refresh({ If: `(<${token}>)` }, 'amy', `${CALENDAR}a.ics`)).status).toBe(412);
    expect((await refresh({ If: `(<${token}> ["none"])` })).status).toBe(412);
    expect((await refresh({ If: '(["none"])' })).status).toBe(400);
    await server.clock.advance(300_000);
    expect(await isLocked(server, FILE)).toBe(true);
  });

  it('refreshes a lock through a member of the collection it stands on (RFC 4918 §9.10.2)', async () => {
    await using server = await given();
    const token = tokenIn(await lock(server, BOX, { depth: 'infinity' }));
    const answer = await server.send('LOCK', FILE, undefined, { If: `(<${token}>)`, Timeout: 'Second-500' });
    expect(answer.text).toContain(`<timeout>Second-500</timeout><locktoken><href>${token}</href></locktoken><lockroot><href>${BOX}</href></lockroot>`);
  });

  it('ends by itself: what has expired holds nobody off (RFC 4918 §6.6)', async () => {
    await using server = await given();
    await lock(server, FILE, { timeout: 'Second-60' });
    expect((await put(server, FILE, 'bob')).status).toBe(423);
    await server.clock.advance(61_000);
    expect(await isLocked(server, FILE)).toBe(false);
    expect((await put(server, FILE, 'bob')).status).toBe(204);
    expect((await lock(server, FILE, { as: 'bob' })).status).toBe(200);
  });

  it('keeps so many locks of one person and no more: 507', async () => {
    await using server = await given();
    const { home } = (await server.store.locate('id-amy' as PrincipalId, [], {}))!;
    await server.store.write(home.id, UNLIMITED, async (tx) => {
      for (let at = 0; at < 250; at++) await tx.putLock({ token: `t${at}`, path: ['dropbox', `f${at}`], depth: 0, scope: 'exclusive', owner: 'id-bob' as PrincipalId, ownerXml: '', expires: NOW + 1_000 });
    });
    expect((await lock(server, FILE, { as: 'bob' })).status).toBe(507);
    expect((await lock(server, FILE)).status).toBe(200);
  });
});

describe('UNLOCK (RFC 4918 §9.11)', () => {
  it('takes the whole lock away, whichever of its resources is named', async () => {
    await using server = await given();
    const token = tokenIn(await lock(server, BOX, { depth: 'infinity' }));
    expect((await server.send('UNLOCK', FILE, undefined, { 'Lock-Token': `<${token}>` })).status).toBe(204);
    expect(await isLocked(server, BOX)).toBe(false);
  });

  it('is for whoever made the lock, and for whoever has DAV:unlock (RFC 3744 §3.5)', async () => {
    await using server = await given();
    const mine = tokenIn(await lock(server, FILE));
    const refused = await server.send('UNLOCK', FILE, undefined, { 'Lock-Token': `<${mine}>` }, 'bob');
    expect([refused.status, refused.condition()]).toEqual([403, 'need-privileges']);
    expect(refused.text).toContain('<unlock/>');
    await server.send('UNLOCK', FILE, undefined, { 'Lock-Token': `<${mine}>` });
    const theirs = tokenIn(await lock(server, FILE, { as: 'bob' }));
    expect((await server.send('UNLOCK', FILE, undefined, { 'Lock-Token': `<${theirs}>` })).status).toBe(204);
    await using open = await given((READ | WRITE | UNLOCK) as Privileges);
    const held = tokenIn(await lock(open, FILE));
    expect((await open.send('UNLOCK', FILE, undefined, { 'Lock-Token': `<${held}>` }, 'bob')).status).toBe(204);
  });

  it('refuses a missing or broken Lock-Token with 400, and one of another resource with 409 lock-token-matches-request-uri (RFC 4918 §9.11.1)', async () => {
    await using server = await given();
    const token = tokenIn(await lock(server, FILE));
    expect((await server.send('UNLOCK', FILE)).status).toBe(400);
    expect((await server.send('UNLOCK', FILE, undefined, { 'Lock-Token': token })).status).toBe(400);
    for (const [path, of] of [[`${CALENDAR}a.ics`, token], [FILE, 'urn:uuid:none'], [BOX, token]] as const) {
      const answer = await server.send('UNLOCK', path, undefined, { 'Lock-Token': `<${of}>` });
      expect([answer.status, answer.condition()]).toEqual([409, 'lock-token-matches-request-uri']);
    }
    expect(await isLocked(server, FILE)).toBe(true);
  });
});

describe('the If field (RFC 4918 §10.4)', () => {
  it('holds where all conditions of one list hold: tokens, tags, and Not', async () => {
    await using server = await given();
    const tag = (await server.send('GET', FILE)).headers.get('etag')!;
    const token = tokenIn(await lock(server, FILE));
    const status = async (condition: string): Promise<number> => (await server.send('GET', FILE, undefined, { If: condition })).status;
    for (const holds of [
      `(<${token}>)`, `(<${token}> [${tag}])`, `([${tag}])`, `(Not <DAV:no-lock>)`, `(<urn:uuid:none>) (<${token}>)`, `(Not <urn:uuid:none> <${token}> Not ["x"])`,
      `<${FILE}> (<${token}>)`, `<http://cal.example.com${FILE}> (<${token}>)`, `<${BOX}> (<urn:uuid:none>) <${FILE}> (<${token}>)`, `<${BOX}none.txt> (Not <${token}>)`,
    ]) expect([holds, await status(holds)]).toEqual([holds, 200]);
    for (const fails of [
      `(<urn:uuid:none>)`, `(<DAV:no-lock>)`, `(<${token}> ["x"])`, `(Not <${token}>)`, `<${BOX}> (<${token}>)`, `<${BOX}none.txt> (<${token}>)`, `<http://elsewhere.example.com${FILE}> (<${token}>)`,
    ]) expect([fails, await status(fails)]).toEqual([fails, 412]);
    expect(await status('garbage')).toBe(400);
    expect(await status('()')).toBe(400);
  });

  it('submits a token wherever it stands, also in a list that does not hold (RFC 4918 §10.4.1)', async () => {
    await using server = await given();
    const token = tokenIn(await lock(server, FILE));
    expect((await put(server, FILE, 'amy', { If: `(<${token}> ["x"]) (Not <DAV:no-lock>)` })).status).toBe(204);
    expect((await put(server, FILE, 'amy', { If: `<${FILE}> (<${token}>)` })).status).toBe(204);
  });

  it('does not count a token that is lost: 412 before 423', async () => {
    await using server = await given();
    const token = tokenIn(await lock(server, FILE));
    await server.send('UNLOCK', FILE, undefined, { 'Lock-Token': `<${token}>` });
    expect((await put(server, FILE, 'amy', { If: `(<${token}>)` })).status).toBe(412);
    expect((await put(server, `${BOX}new.txt`, 'amy', { If: `(<${token}>)` })).status).toBe(412);
  });

  it('knows the sync token of a collection as its state (RFC 6578 §5)', async () => {
    await using server = await given();
    const { text } = await server.send('PROPFIND', CALENDAR, '<D:propfind xmlns:D="DAV:"><D:prop><D:sync-token/></D:prop></D:propfind>', { Depth: '0' });
    const token = /<sync-token>([^<]+)</.exec(text)![1]!;
    const held = { If: `<${CALENDAR}> (<${token}>)` };
    expect((await server.send('PUT', `${CALENDAR}b.ics`, event('b').body, held)).status).toBe(201);
    expect((await server.send('PUT', `${CALENDAR}c.ics`, event('c').body, held)).status).toBe(412);
    expect((await server.send('GET', `${CALENDAR}c.ics`)).status).toBe(404);
  });
});

describe('properties of locks (RFC 4918 §15.8, §15.10)', () => {
  it('say what can be locked: exclusive and shared write locks, and nothing at a home', async () => {
    await using server = await given();
    const { text } = await discover(server, FILE);
    expect(text).toContain('<lockdiscovery/>');
    for (const scope of ['exclusive', 'shared']) expect(text.replaceAll(" xmlns='DAV:'", '')).toContain(`<lockentry><lockscope><${scope}/></lockscope><locktype><write/></locktype></lockentry>`);
    expect((await discover(server, AMY_HOME)).text).toContain('<supportedlock/>');
  });

  it('cannot be set: 403 cannot-modify-protected-property', async () => {
    await using server = await given();
    for (const name of ['lockdiscovery', 'supportedlock']) {
      const { text } = await server.send('PROPPATCH', FILE, `<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><D:${name}/></D:prop></D:set></D:propertyupdate>`);
      expect(text).toContain('cannot-modify-protected-property');
    }
  });

  it('are part of allprop, as all that RFC 4918 defines (§9.1), and show the owner as it was sent', async () => {
    await using server = await given();
    await server.send('LOCK', FILE, lockInfo('exclusive', '<D:owner><D:href>mailto:amy@example.com</D:href><o:x xmlns:o="urn:o" o:y="1"/></D:owner>'), { Depth: '0' });
    const { text } = await server.send('PROPFIND', FILE, undefined, { Depth: '0' });
    expect(text).toContain('mailto:amy@example.com</href>');
    expect(text).toContain('urn:o');
    expect(text).toContain('<supportedlock>');
  });

  it('cost a home without locks nothing: no look at them in writes or listings', async () => {
    await using server = await given();
    server.calls();
    await server.send('PROPFIND', BOX, undefined, { Depth: '1' });
    await put(server, FILE);
    expect(server.calls()).not.toHaveProperty('locks');
    await lock(server, FILE);
    server.calls();
    await server.send('PROPFIND', BOX, undefined, { Depth: '1' });
    expect(server.calls()['locks']).toBeGreaterThan(0);
  });
});
