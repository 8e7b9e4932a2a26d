/** What stories about locks have in common: Amy's dropbox and calendar, which Bob may write to, and the requests that lock and look. */
import type { PrincipalId, Privileges } from '@kalends/contracts';
import { READ, WRITE } from '@kalends/contracts';
import { event } from '@kalends/testkit';
import { AMY_HOME, CALENDAR, givenServer } from './caldav-server.ts';
import type { Answer, GivenServer } from './caldav-server.ts';

export const BOX = `${AMY_HOME}dropbox/`;
export const FILE = `${BOX}note.txt`;
export const UNLIMITED = { octets: Infinity, collections: Infinity, itemsPerCollection: Infinity, attachmentsPerItem: Infinity };

export const lockInfo = (scope = 'exclusive', owner = '<D:owner>Amy at her desk</D:owner>'): string =>
  `<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:${scope}/></D:lockscope><D:locktype><D:write/></D:locktype>${owner}</D:lockinfo>`;
export const tokenIn = ({ headers }: Answer): string => headers.get('lock-token')!.slice(1, -1);
export const hrefsIn = (answer: Answer): readonly string[] => answer.xml().children[0]!.children.map(({ text }) => text);

export interface Locking { readonly scope?: 'exclusive' | 'shared'; readonly depth?: string; readonly timeout?: string; readonly as?: string; readonly if?: string }
export async function lock(server: GivenServer, path: string, { scope = 'exclusive', depth = '0', timeout, as = 'amy', if: condition }: Locking = {}): Promise<Answer> {
  const headers = { Depth: depth, ...(timeout === undefined ? {} : { Timeout: timeout }), ...(condition === undefined ? {} : { If: condition }) };
  return server.send('LOCK', path, lockInfo(scope), headers, as);
}

/** Amy's dropbox and calendars, which Bob may write to. */
export async function given(privileges: Privileges = (READ | WRITE) as Privileges): Promise<GivenServer> {
  const server = await givenServer();
  await server.send('PUT', FILE, 'one', { 'Content-Type': 'text/plain' });
  await server.send('PUT', `${CALENDAR}a.ics`, event('a').body);
  const { home } = (await server.store.locate('id-amy' as PrincipalId, [], {}))!;
  await server.store.write(home.id, UNLIMITED, (tx) => tx.updateCollection(home.root.id, { acl: [{ principal: 'id-bob' as PrincipalId, grant: privileges, inheritable: true }] }));
  return server;
}

export const put = (server: GivenServer, path: string, as = 'amy', headers: Readonly<Record<string, string>> = {}): Promise<Answer> => server.send('PUT', path, 'two', { 'Content-Type': 'text/plain', ...headers }, as);
export const discover = async (server: GivenServer, path: string, depth = '0'): Promise<Answer> => server.send('PROPFIND', path, '<D:propfind xmlns:D="DAV:"><D:prop><D:lockdiscovery/><D:supportedlock/></D:prop></D:propfind>', { Depth: depth });
export const isLocked = async (server: GivenServer, path: string): Promise<boolean> => (await discover(server, path)).text.includes('<activelock');
