/** A DNS server that asks another, whose answers pass as they are: one that can go away, or fall silent, while the other goes on. UDP and TCP on one port of loopback. */
import { createSocket } from 'node:dgram';
import type { Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

export class DnsRelay implements AsyncDisposable {
  /** Takes questions and answers none. */ silent = false;
  readonly #behind: string;
  readonly #sockets = new Set<Socket>();
  #tcp: Server | undefined;
  #udp: Datagrams | undefined;
  #port = 0;

  private constructor(behind: string) {
    this.#behind = behind;
  }

  /** `behind`: the address whose port 53 is asked. */
  static async start(behind: string): Promise<DnsRelay> {
    const relay = new DnsRelay(behind);
    await relay.resume();
    return relay;
  }

  /** As `dns-servers` has it. */
  get address(): string {
    return `127.0.0.1:${String(this.#port)}`;
  }

  /** On the same port. */
  async resume(): Promise<void> {
    const tcp = createServer((socket) => { this.#pass(socket); });
    this.#tcp = tcp;
    await once(tcp.listen(this.#port, '127.0.0.1'), 'listening');
    this.#port = (tcp.address() as AddressInfo).port;
    const udp = createSocket('udp4', (question, from) => {
      if (this.silent) return;
      const asking = createSocket('udp4', (answer) => {
        udp.send(answer, from.port, from.address);
        asking.close();
      }).on('error', () => undefined);
      asking.send(question, 53, this.#behind);
      asking.unref();
    });
    this.#udp = udp.bind(this.#port, '127.0.0.1');
    await once(udp, 'listening');
  }

  async suspend(): Promise<void> {
    const [tcp, udp] = [this.#tcp, this.#udp];
    this.#tcp = this.#udp = undefined;
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all([tcp === undefined ? undefined : new Promise((resolve) => { tcp.close(resolve); }), udp === undefined ? undefined : new Promise<void>((resolve) => { udp.close(resolve); })]);
  }

  #pass(socket: Socket): void {
    this.#keep(socket);
    if (this.silent) return;
    const asked = connect({ host: this.#behind, port: 53 });
    this.#keep(asked);
    socket.pipe(asked).pipe(socket);
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => { this.#sockets.delete(socket); });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.suspend();
  }
}
