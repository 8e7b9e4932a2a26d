/** The order of a domain's controllers, and what is said of a domain that DNS does not know. */
import type { ServiceRecord } from '@kalends/lib-ldap';
import { describe, expect, it } from 'vitest';
import { controllersOf } from './controllers.ts';

const record = (name: string, priority = 0, weight = 100): ServiceRecord => ({ name: name === '.' || name.includes('.') ? name : `${name}.corp.example.com`, port: 389, priority, weight });
const shared = { domain: 'corp.example.com', log: { warn: () => undefined }, anyName: false } as const;
const failing = (code: string) => (): Promise<never> => Promise.reject(Object.assign(new Error(`querySrv ${code}`), { code }));
const names = (answers: Readonly<Record<string, readonly ServiceRecord[]>>) => ({ services: (name: string) => (answers[name] === undefined ? failing('ENOTFOUND')() : Promise.resolve(answers[name])) });
const ALL = '_ldap._tcp.dc._msdcs.corp.example.com';
const urlsOf = async (controllers: ReturnType<typeof controllersOf>): Promise<readonly string[]> => (await controllers.servers()).map(({ url }) => url.slice('ldaps://'.length, -'.corp.example.com:636'.length));
const draws = (...values: readonly number[]) => {
  const left = [...values];
  return (): number => left.shift()!;
};

describe('controllers', () => {
  it('come with the lowest priority first, over TLS at its own port (RFC 2782)', async () => {
    const controllers = controllersOf({ ...shared, site: undefined, names: names({ [ALL]: [record('far.corp.example.com', 10, 65_535), record('near.corp.example.com', 0, 0), record('next.corp.example.com', 5, 1)] }) });
    expect((await controllers.servers())[0]).toMatchObject({ url: 'ldaps://near.corp.example.com:636', host: 'near.corp.example.com', port: 636, security: 'tls' });
    expect(await urlsOf(controllers)).toEqual(['near', 'next', 'far']);
  });

  it('of one priority are first as often as their weight says, and one without weight hardly ever (RFC 2782)', async () => {
    const first = new Map<string, number>();
    for (let process = 0; process < 2_000; process++) {
      const chance = draws(((process * 7919) % 2000) / 2000, ((process * 104_729 + 1) % 2003) / 2003, ((process * 31 + 7) % 1999) / 1999);
      const [best] = await urlsOf(controllersOf({ ...shared, site: undefined, chance, names: names({ [ALL]: [record('big', 0, 300), record('small', 0, 100), record('spare', 0, 0)] }) }));
      first.set(best!, (first.get(best!) ?? 0) + 1);
    }
    expect(first.get('big')! / 2_000).toBeGreaterThan(0.7);
    expect(first.get('big')! / 2_000).toBeLessThan(0.8);
    expect(first.get('spare') ?? 0).toBeLessThan(5);
  });

  it('keep their order for a process, so that it stays with one', async () => {
    const controllers = controllersOf({ ...shared, site: undefined, chance: draws(0.9, 0.1), names: names({ [ALL]: [record('a'), record('b')] }) });
    for (let times = 0; times < 3; times++) expect(await urlsOf(controllers)).toEqual(['b', 'a']);
  });

  it('of the site come first, each once; and a target of "." is none (RFC 2782)', async () => {
    const answers = { [ALL]: [record('HQ', 0), record('berlin', 10), record('.')], '_ldap._tcp.Berlin._sites.dc._msdcs.corp.example.com': [record('Berlin', 50)] };
    expect(await urlsOf(controllersOf({ ...shared, site: 'Berlin', names: names(answers) }))).toEqual(['berlin', 'hq']);
    expect(await urlsOf(controllersOf({ ...shared, site: 'Nowhere', names: names(answers) }))).toEqual(['hq', 'berlin']);
  });

  it('of another domain are not asked, for their certificates prove nothing, unless the config says which name the certificates have', async () => {
    const warned: unknown[] = [];
    const answers = names({ [ALL]: [record('dc1.evil.test'), record('evilcorp.example.com'), record('dc2')] });
    const controllers = controllersOf({ ...shared, log: { warn: (_, fields) => { warned.push(fields); } }, site: undefined, names: answers });
    for (let times = 0; times < 2; times++) expect(await urlsOf(controllers)).toEqual(['dc2']);
    expect(warned).toEqual(expect.arrayContaining([{ name: 'dc1.evil.test' }, { name: 'evilcorp.example.com' }]));
    expect(warned).toHaveLength(2);
    expect(await controllersOf({ ...shared, anyName: true, site: undefined, names: answers }).servers()).toHaveLength(3);
    const none = controllersOf({ ...shared, site: undefined, names: names({ [ALL]: [record('dc1.evil.test')] }) });
    await expect(none.servers()).rejects.toThrow('no domain controllers of corp.example.com that are in it');
    await expect(none.check(), 'DNS may be put right').resolves.toBeUndefined();
  });

  it('of a domain that DNS does not know are a problem of the config; of one that it cannot be asked about, none', async () => {
    const of = (code: string): ReturnType<typeof controllersOf> => controllersOf({ ...shared, site: undefined, names: { services: failing(code) } });
    for (const code of ['ENOTFOUND', 'ENODATA']) await expect(of(code).check(), code).rejects.toThrow(/DNS knows no domain controllers of corp\.example\.com/);
    for (const code of ['ETIMEOUT', 'ECONNREFUSED', 'ESERVFAIL', 'EREFUSED']) await expect(of(code).check(), code).resolves.toBeUndefined();
    await expect(of('ETIMEOUT').servers()).rejects.toThrow('DNS does not name the domain controllers of corp.example.com: querySrv ETIMEOUT');
  });
});
