/** A Negotiate field that no server has seen yet: curl gives it to a listener that only writes it down. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { execute } from './programs.ts';

/** `person`: whose tickets, as `Kdc.logIn` gives it. `args`: more of curl's. */
export async function negotiateField(person: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const listener = createServer((request, response) => {
    if (request.headers.authorization !== undefined) resolve(request.headers.authorization);
    response.writeHead(401, { 'WWW-Authenticate': 'Negotiate', 'Connection': 'close' }).end();
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  try {
    await execute('curl', ['-s', '--noproxy', '*', '--negotiate', '-u', ':', '-o', '/dev/null', ...args, `http://localhost:${String((listener.address() as AddressInfo).port)}/`], { env: person });
    return await promise;
  } finally {
    listener.close();
  }
}
