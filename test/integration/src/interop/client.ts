/**
 * A calendar client as recordings show it: the header fields it always sends, no credentials until it is asked for them, redirects followed with method and
 * body. Says nothing of what an answer must be; each client's test does.
 */
import type { Answer, GivenServer, Row } from '../caldav-server.ts';
import type { Element } from '@kalends/webdav';

export interface Sent { readonly body?: string; readonly depth?: 0 | 1 | 'infinity'; readonly fields?: Readonly<Record<string, string>> }

export class Client {
  readonly #server: GivenServer;
  readonly #fields: Readonly<Record<string, string>>;
  readonly #as: string;

  constructor(server: GivenServer, fields: Readonly<Record<string, string>>, as = 'amy') {
    this.#server = server;
    this.#fields = fields;
    this.#as = as;
  }

  send(method: string, path: string, sent: Sent = {}): Promise<Answer> {
    return this.#server.send(method, path, sent.body, this.#all(sent), this.#as);
  }

  /** What a client does with a URL it has never seen: without credentials first, then with; a redirect is followed with the same method, Depth and body. */
  async meet(method: string, path: string, sent: Sent = {}): Promise<Meeting> {
    const steps: string[] = [];
    let [at, as] = [path, null as string | null];
    for (;;) {
      const answer = await this.#server.send(method, at, sent.body, this.#all(sent), as);
      steps.push(`${answer.status} ${at}`);
      if (answer.status === 401 && as === null) {
        as = this.#as;
        if (!answer.headers.has('www-authenticate')) throw new Error(`401 without a challenge from ${at}`);
      } else if ([301, 302, 307, 308].includes(answer.status) && steps.length < 6) at = new URL(answer.headers.get('location')!).pathname;
      else return { answer, steps, path: at };
    }
  }

  #all({ depth, fields }: Sent): Record<string, string> {
    return { ...this.#fields, ...(depth === undefined ? {} : { Depth: String(depth) }), ...fields };
  }
}

export interface Meeting { readonly answer: Answer; /** Status and path of each request. */ readonly steps: readonly string[]; /** Where it ended. */ readonly path: string }

/** The properties of the one row there is. */
export function only(answer: Answer): Row {
  const rows = [...answer.rows().values()];
  if (rows.length !== 1) throw new Error(`${rows.length} rows in ${answer.status} ${answer.text}`);
  return rows[0]!;
}

/** The hrefs in a property. Throws where the property is not there. */
export function hrefsOf(row: Row | undefined, property: string): readonly string[] {
  const element = row?.properties.get(property);
  if (element === undefined) throw new Error(`no ${property}`);
  return below(element).filter(({ name }) => name.local === 'href').map(({ text }) => text);
}

/** Names of all elements in a property, at any depth. */
export function namesIn(row: Row | undefined, property: string): readonly string[] {
  const element = row?.properties.get(property);
  return element === undefined ? [] : below(element).map(({ name }) => name.local);
}

/** CALDAV:comp elements of a component set. */
export function componentsIn(row: Row | undefined): readonly string[] {
  return (row?.properties.get('supported-calendar-component-set')?.children ?? []).map((comp) => comp.attribute('name')!);
}

export function below(element: Element): readonly Element[] {
  return element.children.flatMap((child) => [child, ...below(child)]);
}

export function eventOf(uid: string, lines: readonly string[] = [], prodid = '-//Interop//EN'): string {
  return [
    'BEGIN:VCALENDAR', 'VERSION:2.0', `PRODID:${prodid}`, 'CALSCALE:GREGORIAN', 'BEGIN:VEVENT', `UID:${uid}`, 'DTSTAMP:20260101T000000Z', 'DTSTART:20260310T100000Z',
    'DTEND:20260310T110000Z', `SUMMARY:Event ${uid}`, ...lines, 'END:VEVENT', 'END:VCALENDAR', '',
  ].join('\r\n');
}

export function davTokens(answer: Answer): readonly string[] {
  return (answer.headers.get('dav') ?? '').split(',').map((token) => token.trim());
}
