/** The `kerberos` package, as far as it is used here. Native and optional: a deployment without Kerberos installs without it. */
export interface KerberosServer {
  /** Base64 in, base64 out. Rejects where the token proves nothing. */ step(token: string): Promise<string | null>;
  readonly contextComplete: boolean;
  readonly username: string | null;
  /** Known after `step` where no service was named: whose key the ticket was for. */ readonly targetName: string | null;
  readonly response: string | null;
}
export interface KerberosModule {
  initializeServer(service: string): Promise<KerberosServer>;
}

/** @throws Error that says how to get it */
export async function loadKerberos(load: () => Promise<unknown> = () => import('kerberos')): Promise<KerberosModule> {
  let module: unknown;
  try {
    module = await load();
  } catch (error) {
    throw new Error('the package "kerberos" is not there, or its library is not: install Debian\'s libgssapi-krb5-2, and libkrb5-dev and a compiler where no binary is to be had, then run "npm install" again', { cause: error });
  }
  const found = typeof module === 'object' && module !== null && 'default' in module ? module.default : module;
  return found as KerberosModule;
}
