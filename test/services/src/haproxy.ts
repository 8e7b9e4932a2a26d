/** A real HAProxy in front of a server that is being tested: each place where it listens has a way of its own to tell the server of its clients. Debian package: haproxy. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates } from './certificates.ts';
import { Daemon, freePort } from './daemon.ts';

export interface HaproxyEntrance {
  /** Default: tcp. */ readonly mode?: 'tcp' | 'http';
  /** Default: 127.0.0.1. */ readonly host?: string;
  /** Ends TLS, with a certificate of `localhost`. */ readonly tls?: boolean;
  /** `host:port` of the server and its options, as `send-proxy-v2`. */ readonly server: string;
  /** Further lines of its section. */ readonly lines?: readonly string[];
}
export interface Haproxy<Name extends string> extends AsyncDisposable {
  readonly ports: Readonly<Record<Name, number>>;
  /** Signed its certificate. */ readonly ca: string;
  /** A command of its management guide, as `show stat`. */ ask(command: string): Promise<string>;
  stop(): Promise<void>;
}

export async function startHaproxy<Name extends string>(entrances: Readonly<Record<Name, HaproxyEntrance>>): Promise<Haproxy<Name>> {
  const folder = await mkdtemp(join(tmpdir(), 'kalends-haproxy-'));
  try {
    const { ca, certificate, key } = await makeCertificates(folder, ['DNS:localhost', 'IP:127.0.0.1', 'IP:::1']);
    const both = join(folder, 'both.pem');
    await writeFile(both, await readFile(certificate, 'utf8') + await readFile(key, 'utf8'));
    const [config, socket] = [join(folder, 'haproxy.cfg'), join(folder, 'admin')];
    const places: [Name, HaproxyEntrance, number][] = [];
    for (const [name, entrance] of Object.entries(entrances) as [Name, HaproxyEntrance][]) places.push([name, entrance, await freePort()]);
    await writeFile(config, [
      'global', '  maxconn 500', `  stats socket ${socket} mode 600 level admin`,
      'defaults', '  timeout connect 5s', '  timeout client 60s', '  timeout server 60s', '  timeout check 5s',
      ...places.flatMap(([name, { mode = 'tcp', host = '127.0.0.1', tls = false, server, lines = [] }, port]) => [
        `listen ${name}`, `  mode ${mode}`, `  bind ${host}:${String(port)}${tls ? ` ssl crt ${both}` : ''}`, ...lines.map((line) => `  ${line}`), `  server kalends ${server}`,
      ]), '',
    ].join('\n'));
    const daemon = await Daemon.start('haproxy', ['-db', '-f', config], { log: join(folder, 'haproxy.log'), ports: places.map(([, { host = '127.0.0.1' }, port]) => [host, port]) });
    return {
      ports: Object.fromEntries(places.map(([name, , port]) => [name, port])) as Record<Name, number>, ca,
      ask: (command) => askOver(socket, command),
      stop: () => daemon.stop(),
      [Symbol.asyncDispose]: async () => {
        await daemon.stop();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function askOver(path: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(path, () => { socket.write(`${command}\n`); }).once('error', reject);
    socket.setEncoding('utf8').on('data', (text: string) => { answer += text; }).once('end', () => { resolve(answer); });
  });
}
