/**
 * One line a request, in the combined format that every log tool reads, with milliseconds and the request's id at the end. No secrets: neither headers nor the
 * values of a query go in.
 */
import type { Exchange } from './exchange.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Formats lines; keeps the date of the present second. */
export class LineFormat {
  #second = -1;
  #date = '';

  /** `now`: milliseconds since the epoch. `octets` on the wire, `undefined` where unknown. */
  line(exchange: Exchange, now: number, octets: number | undefined): string {
    const { request, response, id, client, account } = exchange;
    const milliseconds = (performance.now() - exchange.began).toFixed(1);
    const status = response.headersSent ? response.statusCode : 499;
    const target = `${request.method ?? '-'} ${shownTarget(request.url ?? '-')} HTTP/${request.httpVersion}`;
    return `${client.address || '-'} - ${account === undefined ? '-' : clean(account).replaceAll(' ', '_')} [${this.#dateOf(now)}] "${clean(target)}" ${status} ${octets ?? '-'} `
      + `"-" "${clean(request.headers['user-agent'] ?? '-')}" ${milliseconds} ${id}`;
  }

  #dateOf(now: number): string {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      const at = new Date(second * 1000);
      const two = (value: number): string => String(value).padStart(2, '0');
      this.#date = `${two(at.getUTCDate())}/${MONTHS[at.getUTCMonth()]}/${at.getUTCFullYear()}:${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())} +0000`;
    }
    return this.#date;
  }
}

/** Links with a token in the query are secrets; that there was a query is not. */
function shownTarget(target: string): string {
  const query = target.indexOf('?');
  return query < 0 ? target : `${target.slice(0, query)}?…`;
}

/** A client must not be able to write lines of its own, nor to speak to the terminal of whoever reads them. */
function clean(text: string): string {
  return UNCLEAN.test(text) ? text.replaceAll(/["\\\0-\x1f\x7f-\x9f\u2028\u2029]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`) : text;
}
const UNCLEAN = /["\\\0-\x1f\x7f-\x9f\u2028\u2029]/;
