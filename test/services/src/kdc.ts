/**
 * A real MIT Kerberos KDC on loopback (Debian: krb5-kdc, krb5-admin-server, krb5-user), with a realm, people and service keys of its own. Its whole state lies in
 * one folder; nothing of the machine's Kerberos is read or written.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export interface KdcOptions {
  readonly realm?: string;
  /** Kerberos allows 300 s by default; an expired ticket is accepted for as long. */ readonly clockSkewSeconds?: number;
}

const START_MILLISECONDS = 20_000;
/** Debian's, where an account's PATH may not name them. */
const PROGRAM_PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

export class Kdc implements AsyncDisposable {
  readonly realm: string;
  readonly #folder: string;
  readonly #port: number;
  #process: ChildProcess | undefined;

  private constructor(folder: string, port: number, realm: string) {
    this.#folder = folder;
    this.#port = port;
    this.realm = realm;
  }

  static async start({ realm = 'EXAMPLE.TEST', clockSkewSeconds = 300 }: KdcOptions = {}): Promise<Kdc> {
    const kdc = new Kdc(mkdtempSync(join(tmpdir(), 'kalends-kdc-')), await freePort(), realm);
    try {
      kdc.#configure(clockSkewSeconds);
      kdc.#run('kdb5_util', 'create', '-s', '-r', realm, '-P', 'master');
      await kdc.resume();
      return kdc;
    } catch (error) {
      await kdc[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** For servers and clients of this realm. */
  get environment(): Readonly<Record<string, string>> {
    return { KRB5_CONFIG: join(this.#folder, 'krb5.conf'), KRB5_KDC_PROFILE: join(this.#folder, 'kdc.conf'), KRB5RCACHEDIR: this.#folder, PATH: PROGRAM_PATH };
  }

  /** A person; or, without a password, a service with a random key. */
  addPrincipal(name: string, password?: string): void {
    this.#run('kadmin.local', 'addprinc', ...(password === undefined ? ['-randkey'] : ['-pw', password]), name);
  }

  /** @returns the path of a new keytab with the keys of these principals, as the KDC has them */
  keytab(...names: readonly string[]): string {
    const path = join(mkdtempSync(join(this.#folder, 'keytab-')), 'service.keytab');
    for (const name of names) this.#run('kadmin.local', 'ktadd', '-norandkey', '-k', path, name);
    return path;
  }

  /** A new key, as an administrator makes one: keytabs from before are stale then. */
  changeKey(name: string): void {
    this.#run('kadmin.local', 'cpw', '-randkey', name);
  }

  /** Logs in by password. @returns the environment of that person's programs @param lifetime as `10m` @param more of kinit's options: `-f` */
  logIn(name: string, password: string, lifetime = '10m', ...more: readonly string[]): Readonly<Record<string, string>> {
    const environment = { ...this.environment, KRB5CCNAME: `FILE:${join(mkdtempSync(join(this.#folder, 'person-')), 'tickets')}` };
    execFileSync('kinit', ['-l', lifetime, ...more, `${name}@${this.realm}`], { env: { ...process.env, ...environment }, input: `${password}\n`, stdio: ['pipe', 'ignore', 'pipe'] });
    return environment;
  }

  /** Ends the KDC; what it knows stays. */
  async suspend(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const ended = once(running, 'exit');
    running.kill('SIGTERM');
    await ended;
  }

  async resume(): Promise<void> {
    const child = spawn('krb5kdc', ['-n'], { env: { ...process.env, ...this.environment }, stdio: 'ignore' });
    this.#process = child;
    const failed = new Promise<never>((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => { reject(new Error(`krb5kdc ended with ${String(code)}`)); });
    });
    failed.catch(() => undefined);
    await Promise.race([this.#answers(), failed]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.suspend();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #answers(): Promise<void> {
    for (const end = Date.now() + START_MILLISECONDS; Date.now() < end; await pause(20)) if (await listens(this.#port)) return;
    throw new Error(`no KDC at port ${String(this.#port)} after ${String(START_MILLISECONDS)} ms`);
  }

  #run(program: string, ...args: readonly string[]): void {
    execFileSync(program, args, { env: { ...process.env, ...this.environment }, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  #configure(clockSkewSeconds: number): void {
    const place = (name: string): string => join(this.#folder, name);
    writeFileSync(place('krb5.conf'), `[libdefaults]
  default_realm = ${this.realm}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 1
  clockskew = ${String(clockSkewSeconds)}
[realms]
  ${this.realm} = {
    kdc = 127.0.0.1:${String(this.#port)}
  }
[domain_realm]
  localhost = ${this.realm}
`);
    writeFileSync(place('kdc.conf'), `[kdcdefaults]
  kdc_listen = 127.0.0.1:${String(this.#port)}
  kdc_tcp_listen = 127.0.0.1:${String(this.#port)}
[realms]
  ${this.realm} = {
    database_name = ${place('principal')}
    key_stash_file = ${place('stash')}
    acl_file = ${place('kadm5.acl')}
    max_life = 10h
  }
[logging]
  kdc = FILE:${place('kdc.log')}
  admin_server = FILE:${place('kadmin.log')}
`);
  }
}

/** Whether what it needs is installed. */
export function hasKdc(): boolean {
  return ['krb5kdc', 'kdb5_util', 'kadmin.local', 'kinit'].every((program) => PROGRAM_PATH.split(':').some((folder) => folder !== '' && existsSync(join(folder, program))));
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => { socket.destroy(); resolve(true); });
    socket.once('error', () => { resolve(false); });
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
