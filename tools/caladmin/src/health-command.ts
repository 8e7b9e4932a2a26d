/** `health`: asks a running server, at the address its config says or at `--url`. */
import { readConfig } from '@kalends/server';
import { OK, PARTLY, UNAVAILABLE } from './exit-codes.ts';
import type { Output } from './output.ts';

const ANSWER_MILLISECONDS = 10_000;

export async function askHealth(file: string, url: string | undefined, output: Output): Promise<number> {
  const at = new URL('/health/ready', url ?? addressOf(file));
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

function addressOf(file: string): string {
  const loaded = readConfig({ file });
  const [listen = '127.0.0.1:8008'] = loaded.sections.server.listen;
  const secure = loaded.sections.server.tls !== undefined || listen.startsWith('https://');
  return `${secure ? 'https' : 'http'}://${listen.replace(/^https?:\/\//, '').replace(/^(?:0\.0\.0\.0|\[::\]):/, '127.0.0.1:')}/`;
}
