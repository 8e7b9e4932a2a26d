/**
 * The classic property list (`/etc/caldavd/caldavd.plist`) onto our model: which key becomes which. A key that is not listed here is reported, never dropped in
 * silence; one whose feature does not exist here is reported with what to do instead.
 */
import { ConfigDocument, emptyMap, formatPath, isMap } from '@kalends/kernel';
import type { Path, Problem, ReadDocument } from '@kalends/kernel';

/** Puts values into the new document and reports; `read` marks a key as known. */
class Mapping {
  readonly document = new ConfigDocument(emptyMap());
  readonly problems: Problem[] = [];
  readonly #raw: ConfigDocument;
  readonly #known = new Set<string>();

  constructor(raw: ConfigDocument) {
    this.#raw = raw;
    const origin = raw.originOf([]);
    if (origin !== undefined) this.document.setOrigin([], origin);
  }

  read(...path: Path): unknown {
    for (let length = 1; length <= path.length; length++) this.#known.add(formatPath(path.slice(0, length)));
    return this.#raw.get(path);
  }

  text(...path: Path): string | undefined {
    const value = this.read(...path);
    return typeof value === 'string' && value !== '' ? value : undefined;
  }

  number(...path: Path): number | undefined {
    const value = this.read(...path);
    return typeof value === 'number' ? value : undefined;
  }

  /** Takes over the key's place in the property list. */
  put(to: Path, value: unknown, from: Path): void {
    if (value !== undefined) this.document.set(to, value, this.#raw.originOf(from));
  }

  complain(path: Path, message: string, remedy: string, severity: Problem['severity'] = 'warning'): void {
    const origin = this.#raw.originOf(path);
    this.problems.push({ code: 'KRN_UNKNOWN_KEY', severity, file: origin?.source, line: origin?.line, path: formatPath(path), message, remedy });
  }

  /** Everything below is known: it was taken, or complained about, as a whole. */
  whole(path: Path): unknown {
    const value = this.read(...path);
    const visit = (at: Path, inner: unknown): void => {
      this.#known.add(formatPath(at));
      if (isMap(inner)) for (const [key, next] of Object.entries(inner)) visit([...at, key], next);
    };
    visit(path, value);
    return value;
  }

  reportUnknown(): void {
    const visit = (path: Path, value: unknown): void => {
      if (!this.#known.has(formatPath(path))) this.complain(path, 'a classic key that is not known here', 'remove it; `caladmin config convert` writes what is understood as YAML', 'error');
      else if (isMap(value)) for (const [key, next] of Object.entries(value)) visit([...path, key], next);
    };
    for (const [key, value] of Object.entries(this.#raw.value)) visit([key], value);
  }
}

export function classicKeys(raw: ConfigDocument): ReadDocument {
  const map = new Mapping(raw);
  listeners(map);
  places(map);
  limits(map);
  processes(map);
  authentication(map);
  directory(map);
  others(map);
  map.reportUnknown();
  return { document: map.document, problems: map.problems };
}

function listeners(map: Mapping): void {
  const host = map.text('ServerHostName');
  const http = map.number('HTTPPort');
  const ssl = map.number('SSLPort');
  const secure = map.read('EnableSSL') === true || (ssl !== undefined && ssl !== 0 && map.read('EnableSSL') === undefined && map.text('SSLCertificate') !== undefined);
  const bind = map.read('BindAddresses');
  const hosts = Array.isArray(bind) && bind.length > 0 ? bind.map(String) : ['*'];
  const spell = (scheme: string, port: number): readonly string[] => hosts.map((each) => `${scheme}://${each.includes(':') ? `[${each}]` : each}:${port}`);
  const listen = [...(http === undefined || http === 0 ? [] : spell('http', http)), ...(secure ? spell('https', ssl ?? 8443) : [])];
  const first: Path = http === undefined ? ['SSLPort'] : ['HTTPPort'];
  if (listen.length > 0) map.put(['server', 'listen'], listen, first);
  if (host !== undefined) {
    const port = secure ? (ssl ?? 8443) : (http ?? 8008);
    map.put(['server', 'public-url'], `${secure ? 'https' : 'http'}://${host}:${port}`, ['ServerHostName']);
  }
  const certificate = map.text('SSLCertificate');
  const key = map.text('SSLPrivateKey');
  const chain = map.text('SSLAuthorityChain');
  if (chain !== undefined) map.complain(['SSLAuthorityChain'], 'the chain belongs into the certificate file here', 'append the chain to the file of SSLCertificate and remove this key');
  if (secure) {
    if (certificate !== undefined && key !== undefined) map.put(['server', 'tls'], { certificate, key }, ['SSLCertificate']);
    else map.put(['server', 'tls'], 'self-signed', ['EnableSSL']);
  }
}

function places(map: Mapping): void {
  const data = map.text('DataRoot');
  const documents = map.text('DocumentRoot');
  const root = data ?? documents;
  if (root !== undefined) map.put(['server', 'data'], root, [data === undefined ? 'DocumentRoot' : 'DataRoot']);
  if (data !== undefined && documents !== undefined && documents !== data) {
    map.complain(['DocumentRoot'], 'there is one data root here, and DataRoot is it', 'move calendars by `caladmin import`; documents of the old server are not read in place');
  }
  map.put(['log', 'access-file'], map.text('AccessLogFile'), ['AccessLogFile']);
  map.put(['log', 'error-file'], map.text('ErrorLogFile'), ['ErrorLogFile']);
  map.put(['process', 'pid-file'], map.text('PIDFile'), ['PIDFile']);
}

function limits(map: Mapping): void {
  const quota = map.number('UserQuota');
  // The classic server counts attachments only and takes 0 for no limit.
  if (quota !== undefined) map.put(['limits', 'home-octets'], quota === 0 ? 'none' : quota, ['UserQuota']);
  map.put(['limits', 'attachment-octets'], map.number('MaximumAttachmentSize'), ['MaximumAttachmentSize']);
}

function processes(map: Mapping): void {
  const type = map.text('ProcessType');
  const role = { Combined: 'combined', Single: 'single', Master: 'master', Slave: 'slave' }[type ?? ''];
  if (type !== undefined && role === undefined) map.complain(['ProcessType'], 'not a process type', 'one of Single, Combined', 'error');
  map.put(['process', 'role'], role, ['ProcessType']);
  const workers = map.number('MultiProcess', 'ProcessCount');
  if (workers !== undefined) map.put(['process', 'workers'], workers === 0 ? 'auto' : workers, ['MultiProcess', 'ProcessCount']);
}

function authentication(map: Mapping): void {
  const schemes = [['Digest', 'auth-digest'], ['Kerberos', 'auth-kerberos'], ['Basic', 'auth-basic']] as const;
  const realm = map.text('Authentication', 'Digest', 'Realm') ?? map.text('Authentication', 'Basic', 'Realm') ?? map.text('Authentication', 'Realm');
  map.read('Authentication', 'Digest', 'Algorithm');
  map.read('Authentication', 'Digest', 'Qop');
  for (const [scheme, use] of schemes) {
    const from: Path = ['Authentication', scheme];
    if (map.read(...from, 'Enabled') !== true) continue;
    const cleartext = scheme === 'Basic' && map.read(...from, 'AllowedOverWireUnencrypted') === true ? { 'allow-cleartext': true } : {};
    const principal = scheme === 'Kerberos' ? map.text(...from, 'ServicePrincipal') : undefined;
    const options = { ...(realm !== undefined && scheme !== 'Kerberos' ? { realm } : {}), ...cleartext, ...(principal === undefined ? {} : { principals: [principal] }) };
    map.put(['plugins', use], { use, ...(Object.keys(options).length === 0 ? {} : { with: options }) }, from);
  }
  for (const scheme of ['Basic', 'Digest', 'Kerberos']) for (const key of ['Enabled', 'AllowedOverWireUnencrypted']) map.read('Authentication', scheme, key);
  map.read('Authentication', 'Kerberos', 'ServicePrincipal');
  // Without an instance of its own, storage is the classic one: files.
  map.put(['plugins', 'storage'], { use: 'storage-flat-file' }, []);
}

function directory(map: Mapping): void {
  const type = map.text('DirectoryService', 'type') ?? map.text('DirectoryService', 'Type');
  const params = map.whole(['DirectoryService', 'params']);
  map.read('DirectoryService', 'Enabled');
  if (type === undefined) return;
  const from: Path = ['DirectoryService'];
  if (/xml/i.test(type)) {
    map.complain([...from, 'type'], 'accounts in the XML format are not read in place', 'write them as YAML for directory-file (config/examples/demo-directory.yaml shows the shape), and name that file under plugins', 'error');
  } else if (/open|ldap/i.test(type)) {
    map.put(['plugins', 'directory-service'], { use: 'directory-open-directory', with: isMap(params) ? openDirectory(params) : {} }, from);
  } else if (/active/i.test(type)) {
    map.put(['plugins', 'directory-service'], { use: 'directory-active-directory', with: isMap(params) ? openDirectory(params) : {} }, from);
  } else {
    map.complain([...from, 'type'], `no directory of the type ${type} is known here`, 'add an instance of a directory plugin in a YAML config', 'error');
  }
}

/** The node is the directory's address (`/LDAPv3/ldap.example.com`), or `uri` is; base and reading account stand where the LDAP service had them. */
function openDirectory(params: Readonly<Record<string, unknown>>): object {
  const node = typeof params['node'] === 'string' ? params['node'].replace(/^\/LDAPv3\//, '') : undefined;
  const uri = params['uri'] ?? (node === undefined || node.startsWith('/') ? undefined : `ldap://${node}`);
  const { base } = isMap(params['rdnSchema']) ? params['rdnSchema'] : {};
  const { dn, password } = isMap(params['credentials']) ? params['credentials'] : {};
  return {
    ...(uri === undefined ? {} : { url: uri }), ...(base === undefined ? {} : { base }),
    ...(dn === undefined || password === undefined ? {} : { 'bind-dn': dn, 'bind-password': password }),
  };
}

function others(map: Mapping): void {
  const admins = map.read('AdminPrincipals');
  if (Array.isArray(admins)) {
    map.put(['admins'], admins.map((each) => String(each).replace(/^\/principals\/(?:__uids__\/)?/, '').replace(/\/$/, '')), ['AdminPrincipals']);
  }
  const mail = map.whole(['Scheduling', 'iMIP']);
  if (isMap(mail) && mail['Enabled'] === true) {
    map.complain(['Scheduling', 'iMIP'], 'invitations by e-mail are set up by a plugin here', 'add an instance of scheduling-imip with its smtp settings');
  }
  if (map.text('SudoersFile') !== undefined) map.complain(['SudoersFile'], 'sudoers are not read from a file of their own', 'name them under AdminPrincipals, or under admins: in YAML');
}
