/**
 * Decides one SPNEGO token (RFC 4559 §4.2; RFC 4178) with the keys of the keytab. Runs in the thread pool: the event loop never waits. The KDC is not asked; a
 * ticket that was used before is refused by Kerberos's own replay cache, which all processes of a host share. One round only: what wants a second leg is refused.
 */
import type { KerberosModule } from './kerberos-module.ts';

export interface AcceptorOptions {
  readonly kerberos: KerberosModule;
  /** As `HTTP/calendar.example.com`, or with `@EXAMPLE.COM` where it must be that realm's: whose tickets are taken. */ readonly services: ReadonlySet<string>;
}

export type Accepted =
  | { readonly principal: string; /** Base64; proves to the client who we are. */ readonly reply: string | undefined }
  /** For the log; outside all look alike. */
  | { readonly refused: string };

/** A ticket of somebody in thousands of groups has some 20 KiB. */
const maxTokenCharacters = 65_536;

export class SpnegoAcceptor {
  readonly #options: AcceptorOptions;

  constructor(options: AcceptorOptions) {
    this.#options = options;
  }

  /** @param token base64, as in `Authorization: Negotiate …`. Never rejects. */
  async accept(token: string): Promise<Accepted> {
    if (token.length > maxTokenCharacters) return { refused: 'the token is too long' };
    if (token.startsWith('TlRMTVNTUAA')) return { refused: 'the client offered NTLM, not Kerberos: it has no ticket, or the address is none that it trusts' };
    const { kerberos, services } = this.#options;
    try {
      // No service named: any key of the keytab; whose it was is looked at afterwards, so several names may be served.
      const context = await kerberos.initializeServer('');
      const out = await context.step(token);
      if (!context.contextComplete || context.username === null) return { refused: 'the negotiation wants a second round' };
      const target = serviceOf(context.targetName);
      // Whoever runs another realm says who asks in all tickets that it gives.
      if (target === undefined || !(services.has(target) || services.has(context.targetName ?? ''))) return { refused: `the ticket is for ${JSON.stringify(context.targetName)}` };
      return { principal: context.username, reply: context.response ?? out ?? undefined };
    } catch (error) {
      return { refused: reasonOf(error) };
    }
  }
}

/** `HTTP/host@REALM` without its realm; GSS-API may say `HTTP@host`. */
function serviceOf(target: string | null): string | undefined {
  if (target === null) return undefined;
  const slash = target.indexOf('/');
  const at = target.lastIndexOf('@');
  if (slash < 0) return at < 0 ? undefined : `${target.slice(0, at)}/${target.slice(at + 1)}`;
  return at > slash ? target.slice(0, at) : target;
}

/** GSS-API's two sentences, the general one and Kerberos's own, in one line. */
function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').trim();
}
