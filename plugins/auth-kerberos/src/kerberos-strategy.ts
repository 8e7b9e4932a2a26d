/**
 * `KerberosStrategy`: SPNEGO as a passport strategy, for whoever has a passport application; the one called passport-kerberos is of 2012 and no longer installs.
 * `success(account, info)`; `fail('Negotiate')` without credentials of this scheme; `fail({ message })` with some that prove nothing.
 */
import type { IncomingMessage } from 'node:http';
import { Strategy } from 'passport-strategy';
import { accountOf, type RealmRule } from './account-rules.ts';
import type { SpnegoAcceptor } from './spnego-acceptor.ts';

export interface KerberosStrategyOptions { readonly acceptor: SpnegoAcceptor; /** By realm. */ readonly realms: ReadonlyMap<string, RealmRule> }
/** What comes with a success. */
export interface KerberosInfo { readonly principal: string; /** Base64, for `WWW-Authenticate: Negotiate` of the answer. */ readonly reply: string | undefined }

export class KerberosStrategy extends Strategy {
  readonly name = 'kerberos';
  /** Not private: passport calls `authenticate` on an object that inherits from this one. */ readonly options: KerberosStrategyOptions;

  constructor(options: KerberosStrategyOptions) {
    super();
    this.options = options;
  }

  override authenticate(request: Pick<IncomingMessage, 'headers'>): void {
    const token = /^negotiate +([A-Za-z0-9+/]+={0,2})\s*$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) {
      this.fail('Negotiate', 401);
      return;
    }
    const { acceptor, realms } = this.options;
    acceptor.accept(token).then((accepted) => {
      if ('refused' in accepted) {
        this.fail({ message: accepted.refused }, 401);
        return;
      }
      const { principal, reply } = accepted;
      const mapped = accountOf(principal, realms);
      if ('refused' in mapped) this.fail({ message: mapped.refused }, 401);
      else this.success(mapped.account, { principal, reply } satisfies KerberosInfo);
    }).catch((error: unknown) => { this.error(error instanceof Error ? error : new Error(String(error))); });
  }
}
