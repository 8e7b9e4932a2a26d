/** The real servers that tests start (test/services), for what is measured against them: built into nothing, so they are loaded when asked for, from the sources. */
export interface Ldap extends AsyncDisposable {
  readonly url: string; readonly base: string; readonly bindDn: string; readonly bindPassword: string; readonly ca: string; readonly pid: number;
  /** What config/examples/open-directory.yaml takes from the environment. */ readonly env: Readonly<Record<string, string>>;
}
export interface Kdc extends AsyncDisposable {
  readonly realm: string; readonly environment: Readonly<Record<string, string>>;
  addPrincipal(name: string, password?: string): void;
  keytab(...names: readonly string[]): string;
  logIn(name: string, password: string, lifetime?: string): Readonly<Record<string, string>>;
}
interface Services {
  startOpenLdap(options: { readonly bulk: (base: string) => Iterable<string> }): Promise<Ldap>;
  bulkUsers(base: string, count: number): Iterable<string>;
}

const SERVICES: string = '@kalends/test-services';

/** OpenLDAP with so many people beside the few of the tests: `bulk000001`, password `bulk000001pw`, and on. Debian: slapd, ldap-utils, openssl. */
export async function startLdap(people: number): Promise<Ldap> {
  const { startOpenLdap, bulkUsers } = await import(SERVICES) as Services;
  return startOpenLdap({ bulk: (base) => bulkUsers(base, people) });
}

/** Debian: krb5-kdc, krb5-admin-server, krb5-user. */
export async function startKdc(): Promise<Kdc> {
  const { Kdc } = await import(`${SERVICES}/kdc`) as { readonly Kdc: { start(): Promise<Kdc> } };
  return Kdc.start();
}
