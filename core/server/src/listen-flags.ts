/**
 * `--http-port`, `--https-port` and `--bind` over the addresses of the config: each replaces what it names and leaves the rest. Ports are those where clients come
 * in: addresses with the PROXY protocol stay.
 */
import { writeListenEntry } from '@kalends/http';
import type { Address, ListenEntry } from '@kalends/http';

export interface ListenFlags { readonly httpPort: number | undefined; readonly httpsPort: number | undefined; readonly bind: string | undefined }

/** @returns `server.listen` anew, or undefined when no flag says anything about it */
export function listenWith(flags: ListenFlags, configured: readonly Address[]): readonly ListenEntry[] | undefined {
  if (flags.httpPort === undefined && flags.httpsPort === undefined && flags.bind === undefined) return undefined;
  const replaced = (secure: boolean): number | undefined => (secure ? flags.httpsPort : flags.httpPort);
  const kept = configured.filter(({ secure, proxyProtocol }) => proxyProtocol === true || replaced(secure) === undefined);
  const added = [false, true].flatMap((secure): Address[] => {
    const port = replaced(secure);
    const before = configured.find((address) => address.secure === secure && address.proxyProtocol !== true);
    // No host means every interface, so it is no default.
    return port === undefined ? [] : [{ secure, host: before === undefined ? '127.0.0.1' : before.host, port }];
  });
  return [...added, ...kept].map((address) => writeListenEntry(flags.bind === undefined ? address : { ...address, host: flags.bind }));
}
