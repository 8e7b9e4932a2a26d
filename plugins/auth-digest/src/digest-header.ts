/**
 * The Authorization field of the Digest scheme, read by its grammar (RFC 7616 §3.4, RFC 9110 §11.4): tokens, quoted strings with escapes, unknown
 * parameters ignored, a repeated one refused. Decides nothing.
 */

export type DigestParameters = ReadonlyMap<string, string>;

const PARAMETER = /[\s,]*([!#$%&'*+.^_`|~\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?=,|$)/gsy;

/** Undefined when the field is of another scheme; `'malformed'` when it is Digest and breaks the grammar. */
export function readDigestHeader(field: string | undefined): DigestParameters | 'malformed' | undefined {
  if (field === undefined || !/^digest(\s|$)/i.test(field)) return undefined;
  const rest = octetsAsText(field.slice('digest'.length));
  const parameters = new Map<string, string>();
  PARAMETER.lastIndex = 0;
  let at = 0;
  while (at < rest.length && /[^\s,]/.test(rest.slice(at))) {
    PARAMETER.lastIndex = at;
    const match = PARAMETER.exec(rest);
    if (match === null) return 'malformed';
    const name = match[1]!.toLowerCase();
    if (parameters.has(name)) return 'malformed';
    parameters.set(name, match[2] === undefined ? match[3]! : match[2].replace(/\\(.)/gs, '$1'));
    at = PARAMETER.lastIndex;
  }
  return parameters;
}

/** The account: `username*` (RFC 5987, UTF-8) before `username`; both at once are refused (RFC 7616 §3.4.4). */
export function accountOf(parameters: DigestParameters): string | undefined {
  const plain = parameters.get('username');
  const extended = parameters.get('username*');
  if (extended === undefined) return plain;
  if (plain !== undefined) return undefined;
  const match = /^utf-8'[^']*'(.*)$/is.exec(extended);
  if (match === null) return undefined;
  try {
    return decodeURIComponent(match[1]!);
  } catch {
    return undefined;
  }
}

/** Node hands header octets over as Latin-1; `charset=UTF-8` makes them UTF-8 (RFC 7616 §4), and old clients send Latin-1 in earnest. */
function octetsAsText(field: string): string {
  if (!/[\x80-\xff]/.test(field) || /[^\x00-\xff]/.test(field)) return field;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(field, 'latin1'));
  } catch {
    return field;
  }
}
