/** What a verifier is given, from a few words: an answer, arguments, files. */
import type { Verification } from './answer.ts';

export interface GivenAnswer {
  readonly status?: number; readonly headers?: readonly (readonly [string, string])[]; readonly body?: string;
  readonly uri?: string; readonly features?: readonly string[]; readonly calendarFilters?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
}

export function verification(values: Readonly<Record<string, readonly string[]>>, { status = 200, headers = [], body = '', uri = '/c/', features = [], calendarFilters = [], files = {} }: GivenAnswer = {}): Verification {
  return {
    uri, answer: { status, headers, body }, values: new Map(Object.entries(values)),
    info: { plain: 'http://h', tls: 'https://h', authentication: 'basic', features: new Set(features), variables: new Map(), calendarFilters, waitCount: 1, waitMilliseconds: 1, successMilliseconds: 1 },
    readFile: (path) => { const text = files[path]; return text === undefined ? Promise.reject(new Error(`no file ${path}`)) : Promise.resolve(text); },
  };
}

export interface Response { readonly href: string; readonly status?: string; /** `[propstat status, XML of its properties]` */ readonly props?: readonly (readonly [string, string])[] }
/** A DAV:multistatus. */
export function multistatus(...responses: readonly Response[]): string {
  const rows = responses.map(({ href, status, props = [] }) => `<D:response><D:href>${href}</D:href>${status === undefined ? '' : `<D:status>HTTP/1.1 ${status}</D:status>`}`
    + `${props.map(([of, xml]) => `<D:propstat><D:prop>${xml}</D:prop><D:status>HTTP/1.1 ${of}</D:status></D:propstat>`).join('')}</D:response>`);
  return `<?xml version="1.0"?><D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">${rows.join('')}</D:multistatus>`;
}

export function calendar(...lines: readonly string[]): string {
  return ['BEGIN:VCALENDAR', 'VERSION:2.0', ...lines, 'END:VCALENDAR', ''].join('\r\n');
}
export function event(...lines: readonly string[]): string {
  return calendar('BEGIN:VEVENT', 'UID:a', ...lines, 'END:VEVENT');
}
