/** Kerberos log-in against a real KDC, with curl as the client (RFC 4559; R40). */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { loadKerberos } from '@kalends/auth-kerberos';
import { hasKdc, Kdc } from '@kalends/test-services/kdc';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { negotiateField } from './negotiate-field.ts';
import { describeWithService, execute } from './programs.ts';
import { root, startServerProcess, type ServerProcess } from './server-process.ts';

const EXAMPLE = join(root, 'config', 'examples', 'kerberos.yaml');
const DEMO = join(root, 'config', 'examples', 'demo-directory.yaml');
/** Its native half too: left out where it could not be compiled. */
const present = hasKdc() && await loadKerberos().then(() => true, () => false);
const PACKAGES = 'krb5-kdc krb5-admin-server krb5-user libkrb5-dev';

/** Gives the tickets of a credential cache an hour more, as far as the cache says it: four times of 32 bits each, the third the end. */
async function prolong(cache: string): Promise<void> {
  const [octets, now] = [await readFile(cache), Math.floor(Date.now() / 1000)];
  const isNear = (at: number): boolean => Math.abs(octets.readUInt32BE(at) - now) < 60;
  for (let at = 0; at + 12 <= octets.length; at++) if (isNear(at) && isNear(at + 4) && isNear(at + 8)) octets.writeUInt32BE(now + 3_600, at + 8);
  await writeFile(cache, octets);
}

describeWithService(present, PACKAGES, 'Kerberos over HTTP', () => {
  let kdc: Kdc;
  let server: ServerProcess;
  let url: string;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kalends-kerberos-'));
    kdc = await Kdc.start();
    for (const name of ['HTTP/localhost', 'HTTP/other.test']) kdc.addPrincipal(name);
    for (const name of ['alice', 'bob', 'alice/admin', 'stranger']) kdc.addPrincipal(name, `${name}-password`);
    server = await startServerProcess({ config: EXAMPLE, env: { ...kdc.environment, KRB5_KTNAME: `FILE:${kdc.keytab('HTTP/localhost')}`, KRB5_REALM: kdc.realm } });
    url = server.url.replace('127.0.0.1', 'localhost');
  });
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    await kdc?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const curl = (person: Readonly<Record<string, string>>, ...args: readonly string[]) => execute('curl', ['-s', '--noproxy', '*', '--negotiate', '-u', ':', ...args], { env: person });
  const propfind = async (person: Readonly<Record<string, string>>, path: string, ...args: readonly string[]): Promise<string> =>
    (await curl(person, '-o', '/dev/null', '-w', '%{http_code}', '-X', 'PROPFIND', '-H', 'Depth: 0', ...args, `${url}${path}`)).stdout;
  const withField = (field: string): Promise<Response> => fetch(`${server.url}/principals/`, { method: 'OPTIONS', headers: { authorization: field } }).then(async (response) => { await response.text(); return response; });

  it('lets a person with a ticket read and write his calendar, and nobody else\'s', async () => {
    const alice = kdc.logIn('alice', 'alice-password');
    expect(await propfind(alice, '/calendars/users/alice/calendar/')).toBe('207');
    expect(await propfind(alice, '/calendars/users/bob/calendar/')).toBe('403');
    const event = join(folder, 'event.ics');
    await writeFile(event, ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//EN', 'BEGIN:VEVENT', 'UID:by-ticket', 'DTSTAMP:20260101T000000Z', 'DTSTART:20260102T100000Z', 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n'));
    const put = await curl(alice, '-o', '/dev/null', '-w', '%{http_code}', '-H', 'Content-Type: text/calendar', '-T', event, `${url}/calendars/users/alice/calendar/by-ticket.ics`);
    expect(put.stdout).toBe('201');
    const current = await curl(alice, '-X', 'PROPFIND', '-H', 'Depth: 0', '-d', '<propfind xmlns="DAV:"><prop><current-user-principal/></prop></propfind>', `${url}/`);
    expect(current.stdout).toContain('/principals/__uids__/');
  });

  it('proves itself to the client, and asks for a ticket with each request (RFC 4559 §5, mutual authentication)', async () => {
    const { stderr } = await curl(kdc.logIn('alice', 'alice-password'), '-v', '-o', '/dev/null', `${url}/principals/`);
    expect(stderr).toMatch(/^< WWW-Authenticate: Negotiate [A-Za-z0-9+/=]{40,}/m);
    expect(stderr).toMatch(/^< Persistent-Auth: false/m);
  });

  it('offers Negotiate first, and Basic beside it', async () => {
    const response = await withField('');
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Negotiate, Basic realm="Kalends"/);
    expect((await fetch(`${server.url}/principals/`, { method: 'PROPFIND', headers: { depth: '0', authorization: `Basic ${btoa('alice:alice')}` } })).status).toBe(207);
  });

  it('refuses a ticket that was used before', async () => {
    const token = await negotiateField(kdc.logIn('bob', 'bob-password'));
    expect((await withField(token)).status).toBe(200);
    const response = await withField(token);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Negotiate(,|$)/);
    expect(server.output()).toMatch(/authentication failed.*[Rr]equest is a replay/);
  });

  it.each([
    ['garbage', 'Negotiate AAAAAAAAAAAAAAAA'], ['no token', 'Negotiate'], ['something that is not base64', 'Negotiate ***'], ['an empty token', 'Negotiate ='],
    ['a token as long as the header may be', `Negotiate ${'YIIC'.repeat(3_000)}`], ['NTLM', 'Negotiate TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAKALpHAAAADw=='],
  ])('refuses %s in the usual shape', async (_, field) => {
    const response = await withField(field);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Negotiate(,|$)/);
  });

  it('refuses a ticket for another service, though the same realm\'s', async () => {
    // The client is told that the address is the other host; the ticket is then for HTTP/other.test, whose key is not in the keytab.
    const code = await execute('curl', ['-s', '--noproxy', '*', '--negotiate', '-u', ':', '--connect-to', `other.test:80:127.0.0.1:${new URL(server.url).port}`, '-o', '/dev/null', '-w', '%{http_code}', 'http://other.test/principals/'], { env: kdc.logIn('alice', 'alice-password') });
    expect(code.stdout).toBe('401');
    expect(server.output()).toMatch(/authentication failed.*not found in keytab/);
  });

  it('refuses who has a ticket and no account, and who is a second identity of somebody', async () => {
    expect(await propfind(kdc.logIn('stranger', 'stranger-password'), '/principals/')).toBe('401');
    expect(await propfind(kdc.logIn('alice/admin', 'alice/admin-password'), '/principals/')).toBe('401');
    expect(server.output()).toMatch(/alice\/admin@EXAMPLE\.TEST\\?\\?" is not a person's principal/);
  });

  it('refuses the tickets of another realm', async () => {
    await using other = await Kdc.start({ realm: 'OTHER.TEST' });
    other.addPrincipal('HTTP/localhost');
    other.addPrincipal('alice', 'of-the-other');
    expect(await propfind(other.logIn('alice', 'of-the-other'), '/calendars/users/alice/')).toBe('401');
  });

  it('refuses an expired ticket, though its bearer takes it for a good one (RFC 4120 §3.2.3)', async () => {
    await using strict = await Kdc.start({ clockSkewSeconds: 2 });
    strict.addPrincipal('HTTP/localhost');
    strict.addPrincipal('alice', 'alice-password');
    await using there = await startServerProcess({ config: EXAMPLE, env: { ...strict.environment, KRB5_KTNAME: strict.keytab('HTTP/localhost'), KRB5_REALM: strict.realm } });
    const alice = strict.logIn('alice', 'alice-password', '3s');
    const status = async (): Promise<string> => (await curl(alice, '-o', '/dev/null', '-w', '%{http_code}', `${there.url.replace('127.0.0.1', 'localhost')}/principals/`)).stdout;
    expect(await status()).toBe('200');
    await pause(6_000);
    // The time outside of what is encrypted, which the client goes by: the ticket is sent with a fresh authenticator.
    await prolong(alice['KRB5CCNAME']!.replace('FILE:', ''));
    expect(await status()).toBe('401');
    expect(there.output()).toMatch(/authentication failed.*[Tt]icket expired/);
  });

  it('answers 200 at once, with the right person for each', async () => {
    const people = [kdc.logIn('alice', 'alice-password'), kdc.logIn('bob', 'bob-password')];
    const args = (name: string): string[] => ['-s', '--noproxy', '*', '--negotiate', '-u', ':', '--parallel', '--parallel-immediate', '--parallel-max', '100', '-X', 'PROPFIND', '-H', 'Depth: 0', '-w', '%{http_code}\\n',
      ...Array.from({ length: 100 }, (_, n) => ['-o', '/dev/null', `${url}/calendars/users/${name}/?n=${String(n)}`]).flat()];
    const done = await Promise.all(people.map((env, n) => execute('curl', args(n === 0 ? 'alice' : 'bob'), { env })));
    for (const { stdout } of done) expect(new Set(stdout.trim().split('\n'))).toEqual(new Set(['207']));
    expect(done.map(({ stdout }) => stdout.trim().split('\n').length)).toEqual([100, 100]);
    // And across: nobody is taken for the other.
    expect(await propfind(people[1]!, '/calendars/users/alice/')).toBe('403');
  });

  it('goes on accepting tickets while the KDC is down', async () => {
    const alice = kdc.logIn('alice', 'alice-password');
    expect(await propfind(alice, '/principals/')).toBe('207');
    await kdc.suspend();
    try {
      expect(await propfind(alice, '/principals/')).toBe('207');
    } finally {
      await kdc.resume();
    }
  });
});

describeWithService(present, PACKAGES, 'what is wrong with a keytab, at boot', () => {
  const checked = async (env: Readonly<Record<string, string>>, config = EXAMPLE): Promise<{ readonly code: number | null; readonly said: string }> => {
    const data = await mkdtemp(join(tmpdir(), 'kalends-keytab-'));
    try {
      const { code, stdout, stderr } = await execute(process.execPath, [join(root, 'core', 'server', 'bin', 'caldavd.js'), '-f', config, '--check', '--data', data], { env: { KRB5_REALM: 'EXAMPLE.TEST', ...env } });
      return { code, said: `${stdout}${stderr}` };
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  };

  it('says that it is missing, that it is none, and that it has no HTTP key', async () => {
    await using kdc = await Kdc.start();
    for (const name of ['HTTP/localhost', 'host/localhost']) kdc.addPrincipal(name);
    const folder = await mkdtemp(join(tmpdir(), 'kalends-keytab-'));
    const none = join(folder, 'none.keytab');
    await writeFile(none, 'no keytab');
    expect(await checked({ KRB5_KTNAME: join(folder, 'missing.keytab') })).toMatchObject({ code: 78, said: expect.stringMatching(/plugins\.kerberos\.with\.keytab: cannot read .*missing\.keytab \(ENOENT\)[^]*name the right file/) as string });
    expect(await checked({ KRB5_KTNAME: none })).toMatchObject({ code: 78, said: expect.stringContaining('not a keytab') as string });
    expect(await checked({ KRB5_KTNAME: kdc.keytab('host/localhost') })).toMatchObject({ code: 78, said: expect.stringMatching(/has no key of an HTTP service, only host\/localhost@EXAMPLE\.TEST[^]*make one with/) as string });
    expect(await checked({ KRB5_KTNAME: kdc.keytab('HTTP/localhost') })).toEqual({ code: 0, said: 'the config is good\n' });
    await rm(folder, { recursive: true, force: true });
  });

  it('refuses a second instance by its line, with another keytab or the same and other rules, and says how one serves both; which it does', async () => {
    await using kdc = await Kdc.start();
    for (const name of ['HTTP/localhost', 'HTTP/second.test']) kdc.addPrincipal(name);
    const [one, two, both] = [kdc.keytab('HTTP/localhost'), kdc.keytab('HTTP/second.test'), kdc.keytab('HTTP/localhost', 'HTTP/second.test')];
    const folder = await mkdtemp(join(tmpdir(), 'kalends-keytab-'));
    const config = join(folder, 'caldavd.yaml');
    const written = async (...instances: readonly string[]): Promise<string> => {
      await writeFile(config, ['plugins:', '  storage: { use: storage-flat-file }', `  people: { use: directory-file, with: { file: ${JSON.stringify(DEMO)}, demo: true } }`, ...instances.map((each, at) => `  negotiate${String(at + 1)}: { use: auth-kerberos, with: { ${each} } }`), ''].join('\n'));
      return config;
    };
    const instance = (keytab: string, realm: string): string => `keytab: ${JSON.stringify(keytab)}, realms: [{ name: ${realm} }]`;
    for (const second of [instance(two, 'EXAMPLE.TEST'), instance(one, 'OTHER.TEST')]) {
      const { code, said } = await checked({}, await written(instance(one, 'EXAMPLE.TEST'), second));
      expect(code).toBe(78);
      expect(said).toContain(`${config}:5`);
      expect(said).toMatch(/negotiate2: is a second instance of @kalends\/auth-kerberos beside negotiate1: Kerberos reads one keytab a process.*\n.*keep one; a keytab holds the keys of many names and realms/);
    }
    expect(await checked({}, await written(`keytab: ${JSON.stringify(both)}, realms: [{ name: EXAMPLE.TEST }, { name: OTHER.TEST, account: name@realm }]`))).toEqual({ code: 0, said: 'the config is good\n' });
    await rm(folder, { recursive: true, force: true });
  });

  it('warns, and serves, when the KDC has a newer key or is not to be reached', async () => {
    await using kdc = await Kdc.start();
    kdc.addPrincipal('HTTP/localhost');
    const keytab = kdc.keytab('HTTP/localhost');
    kdc.changeKey('HTTP/localhost');
    const env = { ...kdc.environment, KRB5_KTNAME: keytab, KRB5_REALM: kdc.realm };
    {
      await using stale = await startServerProcess({ config: EXAMPLE, env });
      await expect.poll(() => stale.output(), { timeout: 20_000 }).toContain('export the keytab again');
    }
    await kdc.suspend();
    await using alone = await startServerProcess({ config: EXAMPLE, env });
    await expect.poll(() => alone.output(), { timeout: 20_000 }).toContain('no KDC of the realm answers');
    expect((await fetch(`${alone.url}/health/ready`)).status).toBe(200);
  });
});
