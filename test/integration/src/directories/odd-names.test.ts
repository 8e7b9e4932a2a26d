/**
 * People with names that mean something elsewhere: in filters and DNs (RFC 4515, 4514), in URLs, in XML and in logs; and spellings that a directory takes for one
 * person (RFC 4518). Against a real OpenLDAP.
 */
import type { PrincipalId } from '@kalends/contracts';
import { record, appleDirectory, startOpenLdap } from '@kalends/test-services';
import type { OpenLdap } from '@kalends/test-services';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Dav, NAMESPACES, eventText } from '../dav.ts';
import { describeWithAll } from '../programs.ts';
import { root, startServerProcess } from '../server-process.ts';
import type { ServerProcess } from '../server-process.ts';
import { searchPrincipals } from './calendar-flow.ts';
import { setUpOpenDirectory } from './set-up.ts';

/** RFC 4514 §2.4, every character that may be: `\2C`. */
const escaped = (value: string): string => value.replaceAll(/[^A-Za-z0-9]/g, (character) => [...Buffer.from(character)].map((octet) => `\\${octet.toString(16).padStart(2, '0')}`).join(''));
const ODD = [
  'we,ird', 'plus+equals=', '"quoted"', '#hash', 'semi;colon', '<angle>&amp;', 'al*ice', '*', '(uid=*)', ')(|(uid=*', 'a b', 'st\u00E4hl', 'stra\u00DFe', '\u0130stanbul', 'ev%41n', 'q?x#y', '...', 'at@here', 'tick\'s', 'Ωmega', '用户',
  'x'.repeat(200), 'emoji\u{1F600}', '~tilde', '__uids__', 'all', 'self',
] as const;
const UNSPEAKABLE = 'bad\u0001\u0008\uFFFE\u000Bname\nauthentication failed address=192.0.2.66 scheme=Basic reason=forged\u001B[31m';
const guidOf = (number: number): string => `E0000000-0000-0000-0000-${String(number).padStart(12, '0')}`;

function oddDirectory(base: string): string {
  const one = (rdn: string, uid: string, number: number, more: Readonly<Record<string, string | readonly string[]>> = {}): string => record(`uid=${rdn},cn=users,${base}`, {
    objectClass: ['inetOrgPerson', 'apple-user', 'calendarPrincipal'], uid, cn: `Odd ${String(number)}`, sn: 'Odd', mail: `odd${String(number)}@example.test`, userPassword: 'oddpw', calStatus: 'active', 'apple-generateduid': guidOf(number), ...more,
  });
  return appleDirectory(base) + ODD.map((uid, at) => one(escaped(uid), uid, at)).join('')
    + one('unspeakable', 'unspeakable', 900, { cn: UNSPEAKABLE, displayName: UNSPEAKABLE, givenName: UNSPEAKABLE, sn: UNSPEAKABLE, mail: ['unspeakable@example.test', 'no mail at all', 'a@b@c'] })
    + one('zo\u00EB2', 'zo\u00EB2', 901) + one('\\2E\\2E', '..', 902) + one('with\\2Fslash', 'with/slash', 903) + one('ctl\\01x', 'ctl\u0001x', 904) + one('back\\5Cslash', 'back\\slash', 906)
    + one('many', 'many', 905, { mail: Array.from({ length: 3_000 }, (_, at) => `many${String(at)}@example.test`) });
}

describeWithAll(['slapd', 'ldapmodify', 'openssl'], 'names that mean something elsewhere', () => {
  let ldap: OpenLdap;
  let server: ServerProcess;
  let dav: Dav;
  beforeAll(async () => {
    ldap = await startOpenLdap({ data: oddDirectory });
    server = await startServerProcess({ config: join(root, 'config', 'examples', 'open-directory.yaml'), env: ldap.env });
    dav = new Dav(server.url);
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await ldap[Symbol.asyncDispose]();
  });
  const who = async (as: string, password = 'oddpw'): Promise<string | number> => {
    const answer = await dav.propfind('/', '<D:current-user-principal/>', { as, password });
    return answer.status === 207 ? /current-user-principal><href>\/principals\/__uids__\/([^<]+)\//.exec(answer.plain)![1]! : answer.status;
  };
  /** XML 1.0 §2.2. */
  const forbidden = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

  it('log in as themselves, keep calendars, and are found by their names as they are', async () => {
    for (const [at, uid] of ODD.entries()) {
      expect(await who(uid), uid).toBe(guidOf(at));
      expect(await who(uid, 'wrong'), uid).toBe(401);
      const home = `/calendars/users/${encodeURIComponent(uid)}/`;
      expect((await dav.send('PUT', `${home}calendar/e.ics`, { as: uid, password: 'oddpw', body: eventText(`odd-${String(at)}`) })).status, uid).toBe(201);
      expect((await dav.send('GET', `/calendars/__uids__/${guidOf(at)}/calendar/e.ics`, { as: uid, password: 'oddpw' })).status, uid).toBe(200);
      expect((await dav.propfind(`/principals/users/${encodeURIComponent(uid)}/`, '<D:displayname/>', { as: 'alice', password: 'alicepw' })).plain, uid).toContain(`<displayname>Odd ${String(at)}</displayname>`);
    }
  });

  it('are no pattern and no end of a filter or a DN, in a log-in, a path, an address or a search', async () => {
    for (const text of ['al*', '*)(uid=alice', 'alice)(|(uid=*', 'alice\u0000', 'alice\\2a', '\\61lice', 'alice,cn=users', `uid=alice,cn=users,${ldap.base}`, 'alice#', 'ali\\ce', '(|(uid=alice))']) {
      expect(await who(text, 'alicepw'), JSON.stringify(text)).toBe(401);
      expect((await dav.propfind(`/principals/users/${encodeURIComponent(text)}/`, '<D:displayname/>', { as: 'alice', password: 'alicepw' })).status, text).toBe(text.includes('\u0000') ? 400 : 404);
      await using parts = await setUpOpenDirectory(ldap);
      expect(await parts.source.findByAddress(`mailto:${text}@example.test`)).toBeUndefined();
      expect(await parts.source.findById(text as PrincipalId)).toBeUndefined();
      expect([...await parts.source.groupsOf(text as PrincipalId)]).toEqual([]);
    }
  });

  it('are one person in every spelling that the directory takes for one: one principal, one home', async () => {
    const alice = '10000000-0000-0000-0000-000000000001';
    for (const spelling of ['ALICE', 'Alice', ' alice', 'alice ']) expect(await who(spelling, 'alicepw'), spelling).toBe(alice);
    // What looks alike, and OpenLDAP takes for it.
    for (const spelling of ['\uFF41lice', '\uFF21\uFF2C\uFF29\uFF23\uFF25', '\u{1D41A}lice', '\u24D0lice', 'al\u0130ce', 'al\u2170ce', '\u00E1lice', 'al\u00ADice', 'al\u0131ce']) expect(await who(spelling, 'alicepw'), spelling).toBe(401);
    expect(await who('ALICE', 'alicepw')).toBe(alice);
    for (const spelling of ['zo\u00EB2', 'zoe\u03082', 'ZO\u00CB2']) expect(await who(spelling), spelling).toBe(guidOf(901));
    expect(await who('a   b')).toBe(guidOf(ODD.indexOf('a b')));
    expect((await dav.send('PUT', '/calendars/users/zo%C3%AB2/calendar/nfc.ics', { as: 'zoe\u03082', password: 'oddpw', body: eventText('nfc') })).status).toBe(201);
    expect((await dav.send('GET', '/calendars/users/zoe%CC%882/calendar/nfc.ics', { as: 'ZO\u00CB2', password: 'oddpw' })).status).toBe(200);
  });

  it('that no URL can hold are nobody\'s', async () => {
    for (const uid of ['..', 'with/slash', 'back\\slash', 'ctl\u0001x']) expect(await who(uid), uid).toBe(401);
    expect(server.output()).toMatch(/none of its names can stand in a URL.*with/);
  });

  it('leave XML whole, whatever characters they hold (XML 1.0 §2.2)', async () => {
    expect(await who('unspeakable')).toBe(guidOf(900));
    const answers = [
      await dav.propfind('/principals/users/unspeakable/', '<D:displayname/><C:calendar-user-address-set/><CS:first-name/><CS:last-name/><CS:email-address-set/><D:alternate-URI-set/>', { as: 'unspeakable', password: 'oddpw' }),
      await searchPrincipals(dav, { as: 'alice', password: 'alicepw' }, 'bad'),
      await dav.propfind('/principals/users/', '<D:displayname/>', { as: 'alice', password: 'alicepw', depth: '1' }),
      await dav.propfind('/calendars/users/unspeakable/', '<D:displayname/><D:owner/>', { as: 'unspeakable', password: 'oddpw', depth: '1' }),
      await dav.propfind('/principals/users/many/', '<C:calendar-user-address-set/>', { as: 'many', password: 'oddpw' }),
    ];
    for (const { status, text } of answers) {
      expect(status).toBe(207);
      expect(forbidden.exec(text)?.[0]).toBeUndefined();
      expect(text.replaceAll(/<[^<>]*>/g, '')).not.toMatch(/[<>]|&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-f]+);)/i);
    }
    expect(answers.at(-1)!.text).toContain('mailto:many2999@example.test');
    expect(answers[0]!.text).not.toContain('mailto:no mail');
  });

  it('write no line of their own into the log', async () => {
    await dav.propfind('/', '<D:displayname/>', { as: UNSPEAKABLE.replaceAll(':', ''), password: 'x' });
    expect(server.output()).not.toMatch(/^authentication failed address=192\.0\.2\.66/m);
      expect(server.output()).not.toMatch(/[\u0000-\u0008\u000B\u001B]/);
    const report = `<D:principal-property-search ${NAMESPACES}><D:property-search><D:prop><D:displayname/></D:prop><D:match>x&#10;warn forged</D:match></D:property-search><D:prop><D:displayname/></D:prop></D:principal-property-search>`;
    expect((await dav.report('/principals/', report, { as: 'alice', password: 'alicepw', depth: '0' })).status).toBe(207);
    expect(server.output()).not.toMatch(/^warn forged/m);
  });
});
