/** `health`: asks a running server, at the address its config says or at `--url`. */
import { addressesOf, readConfig } from '@kalends/server';
import { OK, PARTLY, UNAVAILABLE, USAGE } from './exit-codes.ts';
import type { Output } from './output.ts';

const ANSWER_MILLISECONDS = 10_000;

export async function askHealth(file: string, url: string | undefined, output: Output): Promise<number> {
  const base = url ?? addressOf(file);
  if (base === undefined) {
    output.complain('every address of the config wants the PROXY protocol; name the one of the proxy with --url');
    return USAGE;
  }
  const at = new URL('/health/ready', base);
  let response: Response;
  try {
    response = await fetch(at, { signal: AbortSignal.timeout(ANSWER_MILLISECONDS) });
  } catch (error) {
    output.complain(`${at.origin} does not answer (${error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)}); is the server running, and is this its address?`);
    return UNAVAILABLE;
  }
  const text = await response.text();
  output.value({ url: at.href, status: response.status, answer: text });
  output.line(text.trimEnd());
  return response.ok ? OK : PARTLY;
}

/** Undefined: only proxies are served, and nobody else can ask. */
function addressOf(file: string): string | undefined {
  const address = addressesOf(readConfig({ file }).sections).find(({ proxyProtocol }) => proxyProtocol !== true);
  if (address === undefined) return undefined;
  const { secure, host, port } = address;
  const name = host === undefined || host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return `${secure ? 'https' : 'http'}://${name}:${String(port)}/`;
}
