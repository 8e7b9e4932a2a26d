/** A domain's controllers by the DNS of a real Active Directory (Samba): found, in their order, held to their names; and what is known while DNS is away. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import activeDirectory from '@kalends/directory-active-directory';
import openDirectory from '@kalends/directory-open-directory';
import { systemClock } from '@kalends/testkit';
import { startSambaAd } from '@kalends/test-services';
import type { SambaAd } from '@kalends/test-services';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeWithAll } from '../programs.ts';
import { startServerProcess } from '../server-process.ts';
import { calendarFlow } from './calendar-flow.ts';
import { DnsRelay } from './dns-relay.ts';
import { setUpDirectory } from './set-up.ts';
import type { DirectoryParts } from './set-up.ts';

const ALL = '_ldap._tcp.dc';
const BERLIN = '_ldap._tcp.Berlin._sites.dc';
/** In the domain's certificate is `dc1`; nobody listens at `gone`; `other` is the controller under a name that its certificate lacks. */
const USUAL = `srv ${ALL} 0:100:389:dc1`;

async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 15_000; !(await done());) {
    if (Date.now() > end) throw new Error(`${what}: not within 15 s`);
    await delay(100);
  }
}

describeWithAll(['samba', 'samba-tool', 'openssl'], 'a domain that is found by DNS', () => {
  let ad: SambaAd;
  let dns: DnsRelay;
  let later = 0;
  beforeAll(async () => {
    ad = await startSambaAd();
    await ad.change('address gone 127.255.255.254', `address other ${ad.address}`);
  });
  afterAll(async () => { await ad?.[Symbol.asyncDispose](); });
  beforeEach(async () => {
    later = 0;
    dns = await DnsRelay.start(ad.address);
    await ad.change(USUAL, `srv ${BERLIN}`);
  });
  afterEach(async () => { await dns[Symbol.asyncDispose](); });
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + later };
  const set = (more: Readonly<Record<string, unknown>> = {}): Promise<DirectoryParts> =>
    setUpDirectory(activeDirectory, { domain: ad.domain, 'dns-servers': [dns.address], 'bind-dn': ad.bindDn, 'bind-password': ad.bindPassword, ca: ad.ca, ...more }, clock);
  const proves = async ({ credentials }: DirectoryParts): Promise<boolean> => typeof await credentials.verify('bob', 'bobpw') === 'object';

  async function withConfig<T>(lines: readonly string[], run: (config: string) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(tmpdir(), 'kalends-domain-'));
    try {
      const config = join(folder, 'caldavd.yaml');
      await writeFile(config, ['plugins:', '  storage: { use: storage-flat-file }', '  people:', '    use: directory-active-directory', '    with:', ...lines.map((line) => `      ${line}`), '  basic: { use: auth-basic }', ''].join('\n'));
      return await run(config);
    } finally {
      await rm(folder, { recursive: true });
    }
  }
  const reader = ['bind-dn: { env: AD_BIND_DN }', 'bind-password: { env: AD_BIND_PW }', 'ca: { env: AD_CA }'];

  it('lets its people keep calendars, though the config names the domain and its DNS alone', () => withConfig([`domain: ${ad.domain}`, `dns-servers: ["${ad.address}"]`, ...reader], async (config) => {
    await using server = await startServerProcess({ config, env: ad.env });
    await calendarFlow({ url: server.url, one: { account: 'alice', password: 'alicepw' }, other: { account: 'bob', password: 'bobpw' }, otherDisplayName: 'Bob Example', otherEmail: 'bob@ad.example.test' });
  }));

  it('is a problem at its line of the config where DNS has never heard of it', () => withConfig(['domain: nowhere.example.test', `dns-servers: ["${ad.address}"]`, ...reader], async (config) => {
    await expect(startServerProcess({ config, env: ad.env })).rejects.toThrow(/caldavd\.yaml:6 +plugins\.people\.with\.domain: DNS knows no domain controllers of nowhere\.example\.test/);
  }));

  it('has its controllers asked in the order of their priority (RFC 2782), and the next where one is gone', async () => {
    await ad.change(`srv ${ALL} 10:100:389:dc1 0:0:389:gone`);
    await using parts = await set();
    expect((await parts.source.findByAccount('bob'))?.names).toEqual(['bob']);
    expect(await proves(parts)).toBe(true);
    // The other way round, so nobody but the first is asked.
    await ad.change(`srv ${ALL} 10:100:389:gone 0:0:389:dc1`);
    await using near = await set({ 'timeout-seconds': 0.5 });
    expect((await near.source.findByAccount('bob'))?.names).toEqual(['bob']);
  });

  it('has the controllers of its site asked first, and those of the domain where the site has none that answers', async () => {
    await ad.change(`srv ${ALL} 0:100:389:other 0:100:389:dc1`, `srv ${BERLIN} 0:100:389:dc1`);
    await using parts = await set({ site: 'Berlin' });
    expect((await parts.source.findByAccount('bob'))?.names).toEqual(['bob']);
    expect(parts.logged.filter((line) => line.includes('other.')), 'which would be refused').toEqual([]);
    for (const site of ['Berlin', 'Nowhere']) {
      await ad.change(USUAL, `srv ${BERLIN} 0:100:389:gone`);
      await using elsewhere = await set({ site });
      expect((await elsewhere.source.findByAccount('bob'))?.names, site).toEqual(['bob']);
    }
    // As the domain itself has it, of the site that every domain begins with.
    await using first = await set({ site: 'Default-First-Site-Name' });
    expect((await first.source.findByAccount('bob'))?.names).toEqual(['bob']);
  });

  it('takes nobody for a controller whose certificate is not for the name that DNS gave, or of another authority', async () => {
    await ad.change(`srv ${ALL} 0:100:389:other`);
    await using named = await set({ 'timeout-seconds': 0.5 });
    await expect(named.source.findByAccount('bob')).rejects.toThrow(/other\.ad\.example\.test.*altnames|another name/i);
    expect(await named.credentials.verify('bob', 'bobpw')).toBe('unavailable');
    await ad.change(USUAL);
    await using signed = await set({ ca: ad.strangerCa, 'timeout-seconds': 0.5 });
    await expect(signed.source.findByAccount('bob')).rejects.toThrow(/certificate/);
    expect(await signed.credentials.verify('bob', 'bobpw')).toBe('unavailable');
  });

  it('has nobody outside of itself asked for its people, whatever certificate he has', async () => {
    await ad.change(`srv ${ALL} 0:100:389:localhost.`);
    await using parts = await set({ 'timeout-seconds': 0.5 });
    await expect(parts.source.findByAccount('bob')).rejects.toThrow(/DNS names no domain controllers of ad\.example\.test that are in it/);
    expect(parts.logged.filter((line) => line.includes('outside of the domain'))).toHaveLength(1);
  });

  it('gives its LDAP servers to the plugin for any LDAP as well, which encrypts by StartTLS at the port of the record (RFC 2782)', async () => {
    const users = { base: 'CN=Users', filter: '(objectClass=user)', id: 'uSNCreated', names: ['sAMAccountName'], accounts: ['sAMAccountName'] };
    const open = (more: object): Promise<DirectoryParts> => setUpDirectory(openDirectory, {
      domain: ad.domain.toUpperCase(), base: ad.base, 'dns-servers': [dns.address], 'bind-dn': ad.bindDn, 'bind-password': ad.bindPassword, ca: ad.ca, users, groups: false, locations: false, resources: false, 'start-tls': false, ...more,
    }, clock);
    await using parts = await open({});
    expect((await parts.source.findByAccount('bob'))?.names).toEqual(['bob']);
    expect(await proves(parts)).toBe(true);
    await using strange = await open({ ca: ad.strangerCa, 'timeout-seconds': 0.5 });
    await expect(strange.source.findByAccount('bob')).rejects.toThrow(/certificate/);
    await expect(open({ domain: 'nowhere.example.test' })).rejects.toThrow(/DNS knows no LDAP servers of nowhere\.example\.test \(_ldap\._tcp\.nowhere\.example\.test\)/);
  });

  it('is waited for where DNS is away at the start, and found when that is back', async () => {
    await dns.suspend();
    await using parts = await set({ 'timeout-seconds': 0.5 });
    await expect(parts.source.findByAccount('bob')).rejects.toThrow(/DNS does not name the domain controllers of ad\.example\.test/);
    expect(await parts.credentials.verify('bob', 'bobpw')).toBe('unavailable');
    expect((await parts.graph.health()).find(({ name }) => name === 'domain controller')).toMatchObject({ ok: false, detail: expect.stringContaining('DNS') as string });
    await dns.resume();
    await until('bob', () => proves(parts));
    expect((await parts.source.findByAccount('bob'))?.names).toEqual(['bob']);
  });

  it.each(['is away', 'falls silent', 'says that there is no such name'])('goes on where DNS %s later, though the controller restarts meanwhile', async (how) => {
    await using parts = await set();
    expect(await proves(parts)).toBe(true);
    if (how === 'is away') await dns.suspend();
    else if (how === 'falls silent') dns.silent = true;
    else await ad.change(`srv ${ALL}`, 'address dc1');
    for (let minute = 1; minute <= 2; minute++) {
      later = minute * 61_000;
      await ad.stop();
      await ad.start();
      const began = Date.now();
      expect(await proves(parts), `minute ${String(minute)}`).toBe(true);
      expect(Date.now() - began, 'nobody waits for DNS, which takes four and a half seconds to be given up').toBeLessThan(4_000);
    }
    await until('a word in the log', () => Promise.resolve(parts.logged.some((line) => line.includes('DNS does not answer, or not so any more'))));
    await ad.change(`address dc1 ${ad.address}`);
  });

  it('is found at its new controllers once DNS has told of them', async () => {
    await ad.change(`srv ${ALL} 0:100:389:gone`);
    await using parts = await set({ 'timeout-seconds': 0.5 });
    expect(await parts.credentials.verify('bob', 'bobpw')).toBe('unavailable');
    await ad.change(USUAL);
    later = 61_000;
    await until('bob', () => proves(parts));
  });
}, { root: true });
