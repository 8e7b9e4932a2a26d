/** Tickets that are real and not for here, names that look like somebody's, keys that change, and what clients send beside a ticket: against a real KDC (RFC 4559, 4178, 4120). */
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadKerberos } from '@kalends/auth-kerberos';
import { hasKdc, Kdc } from '@kalends/test-services/kdc';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { negotiateField } from './negotiate-field.ts';
import { describeWithService, execute } from './programs.ts';
import { root, startServerProcess } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';

type Environment = Readonly<Record<string, string>>;
const present = hasKdc() && await loadKerberos().then(() => true, () => false);
const PACKAGES = 'krb5-kdc krb5-admin-server krb5-user libkrb5-dev';
const DEMO = join(root, 'config', 'examples', 'demo-directory.yaml');

describeWithService(present, PACKAGES, 'tickets that open nothing', () => {
  let kdc: Kdc;
  let partner: Kdc;
  let folder: string;
  let both: Environment;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kalends-krb-attacks-'));
    kdc = await Kdc.start();
    partner = await Kdc.start({ realm: 'PARTNER.TEST' });
    for (const name of ['HTTP/localhost', 'ldap/localhost']) kdc.addPrincipal(name);
    for (const name of ['alice', 'ALICE', 'bob', 'alice\\@EXAMPLE.TEST', 'alice\\/x', 'alice\\0', 'alice\\t']) kdc.addPrincipal(name, 'pw');
    for (const one of [kdc, partner]) one.addPrincipal('krbtgt/EXAMPLE.TEST@PARTNER.TEST', 'between-the-realms');
    partner.addPrincipal('alice', 'pw');
    both = realmsOf(folder, kdc, partner);
  });
  afterAll(async () => {
    await kdc?.[Symbol.asyncDispose]();
    await partner?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (kerberos: string, env: Environment): Promise<ServerProcess> => {
    const config = join(mkdtempSync(join(folder, 'config-')), 'caldavd.yaml');
    writeFileSync(config, ['plugins:', '  storage: { use: storage-flat-file }', `  people: { use: directory-file, with: { file: ${DEMO}, demo: true } }`, `  kerberos: { use: auth-kerberos, with: ${kerberos} }`, '  basic: { use: auth-basic }', '  any: { use: auth-any }', ''].join('\n'));
    return startServerProcess({ config, env: { ...kdc.environment, ...env } });
  };
  const ask = async (server: ServerProcess, person: Environment, path = '/calendars/users/alice/', ...args: readonly string[]): Promise<string> =>
    (await execute('curl', ['-s', '--noproxy', '*', '--negotiate', '-u', ':', '-o', '/dev/null', '-w', '%{http_code}', '-X', 'PROPFIND', '-H', 'Depth: 0', ...args, `${server.url.replace('127.0.0.1', 'localhost')}${path}`], { env: person })).stdout;

  it('are those for another service whose key lies in the same keytab', async () => {
    await using server = await start(`{ keytab: ${kdc.keytab('HTTP/localhost', 'ldap/localhost')} }`, {});
    const alice = kdc.logIn('alice', 'pw');
    expect(await ask(server, alice)).toBe('207');
    expect(await ask(server, alice, '/calendars/users/alice/', '--service-name', 'ldap')).toBe('401');
    expect(server.output()).toMatch(/the ticket is for \\?"ldap\/localhost@EXAMPLE\.TEST/);
  });

  it('are those of names that are escaped, or are somebody\'s in another case only', async () => {
    await using server = await start(`{ keytab: ${kdc.keytab('HTTP/localhost')} }`, {});
    for (const name of ['alice\\@EXAMPLE.TEST', 'alice\\/x', 'alice\\0', 'alice\\t', 'ALICE']) expect(await ask(server, kdc.logIn(name, 'pw')), name).toBe('401');
    expect(server.output()).toMatch(/is not a person's principal/);
    expect(await ask(server, kdc.logIn('bob', 'pw')), 'bob is bob').toBe('403');
  });

  it('are those of a realm that the KDC trusts and the config does not name', async () => {
    await using server = await start(`{ keytab: ${kdc.keytab('HTTP/localhost')} }`, {});
    const stranger = { ...partner.logIn('alice', 'pw'), KRB5_CONFIG: both['KRB5_CONFIG']! };
    expect(await ask(server, stranger)).toBe('401');
    expect(server.output()).toMatch(/realm \\?"PARTNER\.TEST\\?" is not one of EXAMPLE\.TEST/);
    await using named = await start(`{ keytab: ${kdc.keytab('HTTP/localhost')}, realms: [{ name: EXAMPLE.TEST, account: name }, { name: PARTNER.TEST, account: name@realm }] }`, {});
    expect(await ask(named, stranger), 'alice@PARTNER.TEST is nobody').toBe('401');
    expect(named.output()).toMatch(/alice@PARTNER\.TEST\\?" is in no directory/);
    expect(await ask(named, kdc.logIn('alice', 'pw'))).toBe('207');
  });

  it('are none where two realms could mean one account by two people, and the config does not say which is meant', async () => {
    const keytab = kdc.keytab('HTTP/localhost');
    await expect(start(`{ keytab: ${keytab}, realms: [{ name: EXAMPLE.TEST }, { name: PARTNER.TEST, account: name }] }`, {})).rejects.toThrow(/EXAMPLE\.TEST and PARTNER\.TEST may log in/);
    partner.addPrincipal('HTTP/localhost');
    const merged = join(mkdtempSync(join(folder, 'keytab-')), 'merged.keytab');
    writeFileSync(merged, Buffer.concat([readFileSync(keytab), readFileSync(partner.keytab('HTTP/localhost')).subarray(2)]));
    await expect(start(`{ keytab: ${merged} }`, {})).rejects.toThrow(/PARTNER\.TEST/);
    await using pinned = await start(`{ keytab: ${merged}, principals: [HTTP/localhost@EXAMPLE.TEST] }`, {});
    expect([await ask(pinned, partner.logIn('alice', 'pw')), await ask(pinned, kdc.logIn('alice', 'pw'))]).toEqual(['401', '207']);
    expect(pinned.output()).toMatch(/the ticket is for \\?"HTTP\/localhost@PARTNER\.TEST/);
    await using server = await start(`{ keytab: ${merged}, realms: [{ name: EXAMPLE.TEST }] }`, {});
    expect(await ask(server, partner.logIn('alice', 'pw'))).toBe('401');
    expect(await ask(server, kdc.logIn('alice', 'pw'))).toBe('207');
  });

  it('leave nothing behind: what a client delegates is not kept', async () => {
    const place = mkdtempSync(join(folder, 'server-'));
    await using server = await start(`{ keytab: ${kdc.keytab('HTTP/localhost')} }`, { KRB5CCNAME: `FILE:${join(place, 'ccache')}`, TMPDIR: place });
    const alice = kdc.logIn('alice', 'pw', '10m', '-f');
    const before = readdirSync('/tmp').filter((name) => name.startsWith('krb5cc'));
    expect(await ask(server, alice, '/calendars/users/alice/', '--delegation', 'always')).toBe('207');
    expect(readdirSync(place)).toEqual([]);
    expect(readdirSync('/tmp').filter((name) => name.startsWith('krb5cc'))).toEqual(before);
  });

  it('are accepted by a new key as soon as it lies in the keytab, and by the old one as long as that does', async () => {
    const path = join(mkdtempSync(join(folder, 'keytab-')), 'http.keytab');
    const old = kdc.keytab('HTTP/localhost');
    copyFileSync(old, path);
    await using server = await start(`{ keytab: ${path} }`, {});
    const early = kdc.logIn('alice', 'pw');
    expect(await ask(server, early)).toBe('207');
    kdc.changeKey('HTTP/localhost');
    const late = kdc.logIn('alice', 'pw');
    expect(await ask(server, late), 'not in the keytab yet').toBe('401');
    const fresh = kdc.keytab('HTTP/localhost');
    writeFileSync(path, Buffer.concat([readFileSync(fresh), readFileSync(old).subarray(2)]));
    expect([await ask(server, late), await ask(server, early)]).toEqual(['207', '207']);
    copyFileSync(fresh, path);
    expect([await ask(server, late), await ask(server, early)]).toEqual(['207', '401']);
  });

  it('are looked at in the first field alone, and NTLM in the clothes of SPNEGO is none', async () => {
    await using server = await start(`{ keytab: ${kdc.keytab('HTTP/localhost')} }`, {});
    const port = Number(new URL(server.url).port);
    const raw = async (...fields: readonly string[]): Promise<string> => {
      const socket = connect(port, '127.0.0.1');
      socket.write(`OPTIONS /principals/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${fields.map((field) => `Authorization: ${field}\r\n`).join('')}\r\n`);
      let text = '';
      for await (const chunk of socket) text += String(chunk);
      return text.split(' ', 2)[1]!;
    };
    const alice = kdc.logIn('alice', 'pw');
    const wrong = `Basic ${btoa('alice:wrong')}`;
    expect(['200', '400']).toContain(await raw(await negotiateField(alice), wrong));
    expect(['401', '400']).toContain(await raw(wrong, await negotiateField(alice)));
    expect(['401', '400']).toContain(await raw(wrong, `Basic ${btoa('alice:alice')}`));
    // NegTokenInit with the mechanisms NTLMSSP and Kerberos, and a token of the first.
    const ntlm = Buffer.from('4e544c4d5353500001000000078208a2000000000000000000000000000000000a00ba470000000f', 'hex');
    for (const mechanisms of ['060a2b06010401823702020a', '060a2b06010401823702020a06092a864886f712010202']) expect(await raw(`Negotiate ${spnego(Buffer.from(mechanisms, 'hex'), ntlm).toString('base64')}`)).toBe('401');
    // Kerberos's own token without SPNEGO round it is what some clients send: it proves as much.
    expect(await raw('Negotiate YA==')).toBe('401');
  });

  it('tell the client that the server is who it is: a real one checks the answer (RFC 4559 §5)', async () => {
    await using server = await start(`{ keytab: ${kdc.keytab('HTTP/localhost')} }`, {});
    const script = `const { initializeClient } = (await import('kerberos')).default;
      const ask = async (tamper) => {
        const client = await initializeClient('HTTP@localhost', { mechOID: 6 });
        const token = await client.step('');
        const response = await fetch(process.argv[1] + '/principals/', { method: 'OPTIONS', headers: { authorization: 'Negotiate ' + token } });
        const field = /Negotiate ([A-Za-z0-9+/=]+)/.exec(response.headers.get('www-authenticate') ?? '')?.[1] ?? '';
        const octets = Buffer.from(field, 'base64');
        if (tamper) octets[octets.length - 3] ^= 1;
        try { await client.step(octets.toString('base64')); return response.status + ' ' + client.contextComplete; } catch (error) { return 'refused'; }
      };
      console.log(await ask(false), '|', await ask(true));`;
    const { stdout, stderr } = await execute(process.execPath, ['--input-type=module', '-e', script, server.url], { env: kdc.logIn('alice', 'pw'), cwd: join(root, 'plugins', 'auth-kerberos') });
    expect(`${stdout}${stderr}`.trim()).toBe('200 true | refused');
  });

  it('are refused when used again, or there is no server: where replays could not be told, it does not start', async () => {
    const keytab = kdc.keytab('HTTP/localhost');
    await expect(start(`{ keytab: ${keytab} }`, { KRB5RCACHEDIR: join(folder, 'nowhere') })).rejects.toThrow(/replay.*nowhere/);
    await expect(start(`{ keytab: ${keytab} }`, { KRB5RCACHENAME: 'none:' })).rejects.toThrow(/KRB5RCACHENAME.*replay/);
    await expect(start(`{ keytab: ${keytab} }`, { KRB5RCACHETYPE: 'none' })).rejects.toThrow(/KRB5RCACHETYPE.*replay/);
  });
});

/** krb5.conf that knows both realms, and that localhost is of the first. */
function realmsOf(folder: string, first: Kdc, second: Kdc): Environment {
  const [one, other] = [first, second].map((kdc) => readFileSync(kdc.environment['KRB5_CONFIG']!, 'utf8')) as [string, string];
  const realm = /\n {2}PARTNER\.TEST = \{[^}]*\}/.exec(other)![0];
  const path = join(folder, 'both.conf');
  writeFileSync(path, one.replace('[realms]', `[realms]${realm}`));
  return { KRB5_CONFIG: path };
}

/** RFC 4178 §4.2.1. */
function spnego(mechanisms: Buffer, token: Buffer): Buffer {
  const tagged = (tag: number, ...parts: readonly Buffer[]): Buffer => { const content = Buffer.concat(parts); return Buffer.concat([Buffer.from([tag, content.length]), content]); };
  return tagged(0x60, Buffer.from('06062b0601050502', 'hex'), tagged(0xa0, tagged(0x30, tagged(0xa0, tagged(0x30, mechanisms)), tagged(0xa2, tagged(4, token)))));
}
