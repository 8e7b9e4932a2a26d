import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { Connection } from './connection.ts';

const servers: { readonly server: Server; readonly sockets: Set<Socket> }[] = [];
const connections: Connection[] = [];

/** `answer`: what is written for the n-th request, each part when the one before has left; `end`: the server closes then. */
async function given(answer: (request: number) => { readonly parts: readonly string[]; readonly end?: boolean }): Promise<Connection> {
  let requests = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('data', () => {
      const { parts, end } = answer(requests++);
      void (async () => {
        for (const part of parts) {
          await new Promise((resolve) => socket.write(part, 'latin1', resolve));
          await new Promise((resolve) => setImmediate(resolve));
        }
        if (end === true) socket.end();
      })();
    });
  });
  servers.push({ server, sockets });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const connection = new Connection(new URL(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`), 5_000);
  connections.push(connection);
  return connection;
}

afterEach(async () => {
  for (const connection of connections.splice(0)) connection.close();
  for (const { server, sockets } of servers.splice(0)) {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
});

const ask = Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
const octetByOctet = (text: string): readonly string[] => [...text];

it('reads a body by its length, whatever the pieces', async () => {
  const connection = await given(() => ({ parts: octetByOctet('HTTP/1.1 207 Multi-Status\r\nContent-Length: 5\r\nETag: "a"\r\n\r\nhello') }));
  for (let turn = 0; turn < 2; turn++) {
    const { status, headers, body } = await connection.send(ask);
    expect([status, headers.get('etag'), body.toString()]).toEqual([207, '"a"', 'hello']);
  }
});

it('reads chunks, their extensions and trailers, whatever the pieces', async () => {
  const text = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nX-Trailer: a\r\n\r\n';
  const connection = await given((request) => ({ parts: request === 0 ? octetByOctet(text) : [text] }));
  for (let turn = 0; turn < 2; turn++) expect((await connection.send(ask)).body.toString()).toBe('hello!');
});

it('passes over 100 Continue and takes 204 for an answer without a body', async () => {
  const connection = await given(() => ({ parts: ['HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'] }));
  expect(await connection.send(ask)).toMatchObject({ status: 204, body: Buffer.alloc(0) });
});

it('reads to the end of the connection where nothing says how long the body is, and opens another', async () => {
  const connection = await given(() => ({ parts: ['HTTP/1.0 200 OK\r\n\r\nall ', 'of it'], end: true }));
  for (let turn = 0; turn < 2; turn++) expect((await connection.send(ask)).body.toString()).toBe('all of it');
});

it('sends a request again that met a connection closed while idle, but not one that was never answered', async () => {
  const closing = await given((request) => ({ parts: request === 1 ? [] : ['HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'], end: request === 1 }));
  await closing.send(ask);
  expect((await closing.send(ask)).status).toBe(200);
  const refusing = await given(() => ({ parts: [], end: true }));
  await expect(refusing.send(ask)).rejects.toThrow('closed the connection');
});

it('reports an answer that ends in the middle', async () => {
  const connection = await given(() => ({ parts: ['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'], end: true }));
  await expect(connection.send(ask)).rejects.toThrow('closed the connection');
});
