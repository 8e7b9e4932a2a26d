/** A thin DAV client for stories: says who asks, sends, gives status, headers and text. Knows no server internals. */

export interface DavAnswer {
  readonly status: number; readonly headers: Headers; readonly text: string;
  /** The text without namespaces, prefixes and declarations, for looking into with a pattern. */ readonly plain: string;
}
export interface DavRequestOptions { readonly as?: string; readonly password?: string; readonly depth?: '0' | '1' | 'infinity'; readonly headers?: Readonly<Record<string, string>>; readonly body?: string | Uint8Array<ArrayBuffer> }

export class Dav {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** `as`: the account (password = account, as in the demo directory); default alice. `''`: nobody. */
  async send(method: string, path: string, { as = 'alice', password = as, depth, headers = {}, body }: DavRequestOptions = {}): Promise<DavAnswer> {
    const response = await fetch(this.#url + path, {
      method, redirect: 'manual',
      headers: {
        ...(as === '' ? {} : { Authorization: `Basic ${Buffer.from(`${as}:${password}`).toString('base64')}` }),
        ...(depth === undefined ? {} : { Depth: depth }),
        ...(typeof body === 'string' && body.startsWith('BEGIN:VCALENDAR') ? { 'Content-Type': 'text/calendar; charset=utf-8' } : {}),
        ...(typeof body === 'string' && body.startsWith('<') ? { 'Content-Type': 'application/xml; charset=utf-8' } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, plain: plainXml(text) };
  }

  propfind(path: string, properties: string, options: DavRequestOptions = {}): Promise<DavAnswer> {
    return this.send('PROPFIND', path, { depth: '0', ...options, body: `<D:propfind ${NAMESPACES}><D:prop>${properties}</D:prop></D:propfind>` });
  }

  report(path: string, body: string, options: DavRequestOptions = {}): Promise<DavAnswer> {
    return this.send('REPORT', path, { depth: '1', ...options, body });
  }
}

export const NAMESPACES = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/"';

export function eventText(uid: string, lines: readonly string[] = ['DTSTART:20260310T100000Z', 'DTEND:20260310T110000Z', 'SUMMARY:Tea']): string {
  return ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//kalends//test//EN', 'BEGIN:VEVENT', `UID:${uid}`, 'DTSTAMP:20260101T000000Z', ...lines, 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n');
}

export function hrefsIn(text: string): string[] {
  return [...plainXml(text).matchAll(/<response><href>([^<]+)</g)].map((match) => match[1]!);
}

function plainXml(text: string): string {
  return text.replaceAll(/\sxmlns(?::\w+)?=(?:'[^']*'|"[^"]*")/g, '').replaceAll(/(<\/?)[\w-]+:/g, '$1').replaceAll(/>\s+</g, '><');
}
