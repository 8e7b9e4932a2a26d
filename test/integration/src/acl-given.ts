/** For stories about ACLs: a server with some people, bodies of ACL requests, and DAV:acl as lines that a test can compare. */
import type { Element } from '@kalends/webdav';
import { group, person } from '@kalends/testkit';
import { props } from './bodies.ts';
import { PRINCIPAL, givenServer } from './caldav-server.ts';
import type { Answer, GivenServer, ServerOptions } from './caldav-server.ts';

/** amy, whose home it is; ben, cat (who is staff) and dan; an administrator; a group. */
export function givenPeople(options: ServerOptions = {}): Promise<GivenServer> {
  return givenServer({ people: [...['amy', 'ben', 'cat', 'dan', 'root'].map((name) => person(name)), group('staff')], members: { 'id-staff': ['id-cat'] }, ...options });
}

/** `who`: an account, a group, a path, or the RFC's word in angle brackets. */
export function ace(who: string, sense: 'grant' | 'deny', privileges: string, more = ''): string {
  const principal = who.startsWith('<') ? who : `<href>${who.startsWith('/') || who.includes(':') ? who : PRINCIPAL(who)}</href>`;
  const names = privileges.split(' ').map((name) => `<privilege><${name}/></privilege>`).join('');
  return `<ace><principal>${principal}</principal><${sense}>${names}</${sense}>${more}</ace>`;
}
export const acl = (...aces: readonly string[]): string => `<acl xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">${aces.join('')}</acl>`;
export const grant = (who: string, privileges: string): string => ace(who, 'grant', privileges);
export const deny = (who: string, privileges: string): string => ace(who, 'deny', privileges);

/** DAV:acl of a resource, an entry a line: `ben grants read write; inherited from /…/`. */
export async function aclOf(server: GivenServer, path: string, as = 'amy'): Promise<readonly string[]> {
  const answer = await server.send('PROPFIND', path, props('acl'), { Depth: '0' }, as);
  const value = [...answer.rows().values()][0]?.properties.get('acl');
  if (value === undefined) throw new Error(`no DAV:acl for ${as}: ${answer.text}`);
  return value.children.map(line);
}
/** Those that an ACL request set. */
export const ownAcl = async (server: GivenServer, path: string, as = 'amy'): Promise<readonly string[]> => (await aclOf(server, path, as)).filter((one) => !one.includes(';'));

function line({ children }: Element): string {
  const of = (local: string): Element | undefined => children.find(({ name }) => name.local === local);
  const [subject] = of('principal')!.children as [Element];
  const who = subject.name.local === 'href' ? /^\/principals\/__uids__\/id-(.+)\/$/.exec(subject.text)?.[1] ?? subject.text : `<${[subject, ...subject.children].map(({ name }) => name.local).join(' ')}>`;
  const sense = of('grant') === undefined ? 'denies' : 'grants';
  const privileges = (of('grant') ?? of('deny'))!.children.map((privilege) => privilege.children[0]!.name.local).join(' ');
  const from = of('inherited')?.children[0]!.text;
  return `${who} ${sense} ${privileges}${of('protected') === undefined ? '' : '; protected'}${from === undefined ? '' : `; inherited from ${from}`}`;
}

/** DAV:current-user-privilege-set, in the order of the answer; undefined where it may not be read. */
export async function mayDo(server: GivenServer, path: string, as: string | null): Promise<readonly string[] | undefined> {
  const answer = await server.send('PROPFIND', path, props('current-user-privilege-set'), { Depth: '0' }, as);
  if (answer.status !== 207) return undefined;
  return [...answer.rows().values()][0]?.properties.get('current-user-privilege-set')?.children.map(({ children }) => children[0]!.name.local);
}

/** What DAV:need-privileges says: `href privilege`. */
export function needed(answer: Answer): readonly string[] {
  const [condition] = answer.xml().children;
  if (condition?.name.local !== 'need-privileges') throw new Error(`no DAV:need-privileges: ${answer.text}`);
  return condition.children.map(({ children: [href, privilege] }) => `${href!.text} ${privilege!.children[0]!.name.local}`);
}

/** The hours at which the periods of a free-busy answer begin, as two digits. */
export const busyHours = ({ text }: Answer): readonly string[] => [...text.replaceAll('\r\n ', '').matchAll(/FREEBUSY[^:\s]*:(\S+)/g)].flatMap(([, spans]) => spans!.split(',').map((span) => span.slice(9, 11)));
