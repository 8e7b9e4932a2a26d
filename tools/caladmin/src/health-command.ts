/**
 * `health`: asks a running server, at the address its config says or at `--url`. Nothing secret is sent, so a certificate that nobody vouches for, as a self-signed one,
 * ends nothing: it is shown, and what clients will say about it.
 */
import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { formatProblems, KernelError } from '@kalends/kernel';
import { addressesOf, readConfig } from '@kalends/server';
import type { Config } from '@kalends/server';
import { OK, PARTLY, UNAVAILABLE, USAGE } from './exit-codes.ts';
import type { Output } from './output.ts';

const ANSWER_MILLISECONDS = 10_000;
interface Certificate { readonly subject: string; readonly until: string; readonly sha256: string; /** Why a client would not take it unasked. */ readonly doubt?: string }
interface Answer { readonly status: number; readonly text: string; readonly certificate?: Certificate }

export async function askHealth(file: string, url: string | undefined, output: Output): Promise<number> {
  const sections = url === undefined ? sectionsOf(file) : undefined;
  const base = sections === undefined ? url : addressOf(sections);
  if (base === undefined) {
    output.complain('every address of the config wants the PROXY protocol; name the one of the proxy with --url');
    return USAGE;
  }
  const at = URL.parse('/health/ready', base);
  if (at === null || !/^https?:$/.test(at.protocol)) {
    output.complain(`${base} is no address to ask at; write https://cal.example.com`);
    return USAGE;
  }
  let answer: Answer;
  try {
    answer = await get(at, sections?.server['public-url']);
  } catch (error) {
    output.complain(`${at.origin} does not answer (${reasonFor(error)}); is the server running, and is this its address?`);
    return UNAVAILABLE;
  }
  const { status, text, certificate } = answer;
  output.value({ url: at.href, status, answer: text, ...(certificate === undefined ? {} : { certificate }) });
  output.line(text.trimEnd());
  if (certificate !== undefined) output.line(`certificate ${certificate.subject}, until ${certificate.until.slice(0, 10)}, SHA-256 ${certificate.sha256}`);
  if (certificate?.doubt !== undefined) output.complain(`clients will ask about this certificate: ${certificate.doubt}`);
  return status === 200 ? OK : PARTLY;
}

/** `publicUrl`: the name that the certificate is for, whatever the address is that is asked. */
function get(at: URL, publicUrl: string | undefined): Promise<Answer> {
  const name = publicUrl === undefined ? undefined : new URL(publicUrl).hostname;
  return new Promise((resolve, reject) => {
    const ask = at.protocol === 'https:' ? secureRequest : plainRequest;
    const request = ask(at, { agent: false, rejectUnauthorized: false, ...(name === undefined || isIP(name) !== 0 ? {} : { servername: name }), signal: AbortSignal.timeout(ANSWER_MILLISECONDS) }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; });
      response.once('error', reject).once('end', () => {
        resolve({ status: response.statusCode ?? 0, text, ...(at.protocol === 'https:' ? { certificate: certificateOf(response.socket as TLSSocket) } : {}) });
      });
    });
    request.once('error', reject).end();
  });
}

function certificateOf(socket: TLSSocket): Certificate {
  const { subject, valid_to: until, fingerprint256: sha256 } = socket.getPeerCertificate();
  const doubt = socket.authorizationError as unknown; // Node's types say Error; it is the code, or a message.
  return {
    subject: Object.entries(subject).map(([name, value]) => `${name}=${String(value)}`).join(', '), until: new Date(until).toISOString(), sha256,
    ...(socket.authorized ? {} : { doubt: DOUBTS[String(doubt)] ?? (doubt instanceof Error ? doubt.message : String(doubt)) }),
  };
}

const STRANGE = 'this machine does not know the authority that signed it';
const DOUBTS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is signed by itself', SELF_SIGNED_CERT_IN_CHAIN: STRANGE, UNABLE_TO_VERIFY_LEAF_SIGNATURE: STRANGE, UNABLE_TO_GET_ISSUER_CERT: STRANGE, UNABLE_TO_GET_ISSUER_CERT_LOCALLY: STRANGE,
  CERT_HAS_EXPIRED: 'it has expired', CERT_NOT_YET_VALID: 'it is not valid yet', ERR_TLS_CERT_ALTNAME_INVALID: 'it is for another name',
};

function reasonFor(error: unknown): string {
  const reason = error instanceof Error ? error.message.trim() || error.name : String(error);
  return /wrong version number/.test(reason) ? 'it does not speak TLS there' : /socket hang up/.test(reason) ? `${reason}: does it speak TLS there?` : reason;
}

/** @throws KernelError where the file cannot be read: the defaults would be another server's address */
function sectionsOf(file: string): Config {
  const { sections, problems } = readConfig({ file });
  const unread = problems.filter(({ code }) => code === 'KRN_UNREADABLE' || code === 'KRN_SYNTAX');
  if (unread.length > 0) throw new KernelError('KRN_CONFIG', formatProblems(unread), { problems: unread });
  return sections;
}

/** Undefined: only proxies are served, and nobody else can ask. */
function addressOf(sections: Config): string | undefined {
  const address = addressesOf(sections).find(({ proxyProtocol }) => proxyProtocol !== true);
  if (address === undefined) return undefined;
  const { secure, host, port } = address;
  const name = host === undefined || host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return `${secure ? 'https' : 'http'}://${name}:${String(port)}/`;
}
