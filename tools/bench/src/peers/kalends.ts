/** Ours, as `npm start` runs it: one worker, flat files, the demo accounts. */
import { fileURLToPath } from 'node:url';
import type { Peer } from './started-server.ts';
import { StartedServer, startIn, temporaryFolder } from './started-server.ts';

const root = new URL('../../../../', import.meta.url);
const BINARY = fileURLToPath(new URL('core/server/bin/caldavd.js', root));
const CONFIG = fileURLToPath(new URL('config/examples/laptop.yaml', root));

export interface KalendsOptions {
  /** Default: the laptop example. */ readonly config?: string | undefined;
  /** Whom it must know; default alice, password alice. */ readonly account?: { readonly user: string; readonly password: string };
  readonly env?: Readonly<Record<string, string>>;
}

export async function startKalends({ config = CONFIG, account = { user: 'alice', password: 'alice' }, env = {} }: KalendsOptions = {}): Promise<Peer & { readonly data: string }> {
  const data = await temporaryFolder('kalends');
  return startIn(data, async (started) => {
    const server = started(new StartedServer(process.execPath, ['--max-semi-space-size=16', BINARY, '-f', config, '--foreground', '--http-port', '0', '--data', data], env));
    const url = await server.until(() => Promise.resolve(/ready.*?(https?:\/\/127\.0\.0\.1:\d+)/s.exec(server.printed)?.[1]));
    return {
      name: 'kalends', version: 'this tree', home: new URL(`/calendars/users/${account.user}/`, url), account: { ...account, scheme: 'basic' as const }, pids: [server.pid], data,
    };
  });
}
