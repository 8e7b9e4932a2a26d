/** The child process of `tickets.ts`: asked for a number of Negotiate fields for HTTP@localhost, it sends them. */
interface KerberosClient { step(challenge: string): Promise<string> }
interface KerberosModule { initializeClient(service: string, options: { readonly mechOID: number }): Promise<KerberosClient>; readonly GSS_MECH_OID_SPNEGO: number }

/** Optional on this machine. */
const KERBEROS: string = 'kerberos';
const module = await import(KERBEROS) as { readonly default: KerberosModule };
const { initializeClient, GSS_MECH_OID_SPNEGO } = module.default;

process.on('message', (count: number) => {
  void make(count).then((fields) => process.send?.(fields), (error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});

async function make(count: number): Promise<readonly string[]> {
  const fields: string[] = [];
  for (let at = 0; at < count; at++) fields.push(`Negotiate ${await (await initializeClient('HTTP@localhost', { mechOID: GSS_MECH_OID_SPNEGO })).step('')}`);
  return fields;
}
