/**
 * Stands between a real client and the server and writes down who asked what and what was answered. It changes nothing but the connection; the client's Host header stays.
 * `KALENDS_TRACES=FOLDER` keeps what a test saw as `FOLDER/<client>.txt`.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';

export interface Exchange {
  readonly method: string; readonly path: string; readonly depth: string | undefined; readonly sent: string;
  readonly status: number; readonly answered: string;
  /** Whether the client had said who it is. */ readonly authorized: boolean;
}

export interface RecordingRelay extends AsyncDisposable {
  /** Without a final slash. */ readonly url: string;
  readonly exchanges: readonly Exchange[];
}

export async function startRelay(client: string, target: string): Promise<RecordingRelay> {
  const { hostname, port } = new URL(target);
  const exchanges: Exchange[] = [];
  const server = createServer((incoming, outgoing) => {
    const forward = async (): Promise<void> => {
      const body = await buffer(incoming);
      const { status, headers, answer } = await new Promise<{ status: number; headers: readonly string[]; answer: Buffer }>((resolve, reject) => {
        const onward = request({ hostname, port, method: incoming.method, path: incoming.url, headers: incoming.rawHeaders, agent: false }, (response) => {
          buffer(response).then((answer) => { resolve({ status: response.statusCode!, headers: response.rawHeaders, answer }); }, reject);
        });
        onward.on('error', reject).end(body);
      });
      exchanges.push({
        method: incoming.method!, path: incoming.url!, depth: incoming.headers['depth'] as string | undefined, sent: body.toString(), status, answered: answer.toString(),
        authorized: incoming.headers.authorization !== undefined,
      });
      outgoing.writeHead(status, endToEnd(headers)).end(answer);
    };
    forward().catch(() => { outgoing.destroy(); });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, exchanges,
    [Symbol.asyncDispose]: async () => {
      await keep(client, exchanges);
      server.closeAllConnections();
      await new Promise<void>((resolve) => { server.close(() => { resolve(); }); });
    },
  };
}

/** The relay answers each body whole, so what speaks of the connection behind it stays there. */
function endToEnd(rawHeaders: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (!/^(connection|keep-alive|transfer-encoding)$/i.test(rawHeaders[i]!)) kept.push(rawHeaders[i]!, rawHeaders[i + 1]!);
  }
  return kept;
}

async function keep(client: string, exchanges: readonly Exchange[]): Promise<void> {
  const folder = process.env['KALENDS_TRACES'];
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  const line = ({ method, path, depth, status, authorized }: Exchange): string => `${method} ${path}${depth === undefined ? '' : ` Depth:${depth}`}${authorized ? '' : ' (anonymous)'} ${String(status)}\n`;
  await writeFile(join(folder, `${client}.txt`), exchanges.map(line).join(''));
  const full = ({ sent, answered, ...rest }: Exchange): string => `=== ${line({ sent, answered, ...rest })}${sent}\n--- \n${answered}\n`;
  await writeFile(join(folder, `${client}.full.txt`), exchanges.map(full).join(''));
}
