/**
 * Errors on the wire. Always the same shape: the RFC's element, if it names one, and one companion with a sentence for people and the id of the request.
 * (Apple's server and its test suite know that companion; any other sibling would break them.)
 */
import type { HttpExchange } from '@kalends/contracts';
import { leaveBody } from '@kalends/http';
import { DAV, TWISTED } from '../xml/names.ts';
import { XML_DECLARATION, XmlWriter } from '../xml/write.ts';
import type { DavError } from './dav-error.ts';

export const XML_TYPE = 'text/xml;charset=utf-8';

/** The `DAV:error` element alone; `id` where it stands for a whole answer; `more`: what else an extension wants in it. */
export function writeErrorElement(xml: XmlWriter, { condition, also, message }: DavError, id?: string, more?: () => void): void {
  xml.open({ ns: DAV, local: 'error' });
  if (condition !== undefined) {
    xml.open(condition.name);
    condition.write?.(xml);
    xml.close();
  }
  if (also !== undefined) xml.empty(also);
  more?.();
  xml.leaf({ ns: TWISTED, local: 'error-description' }, id === undefined ? message : `${message} (request ${id})`);
  xml.close();
}

/** The whole answer. The caller has made sure that no header was sent. */
export function writeError(exchange: HttpExchange, error: DavError): void {
  const xml = new XmlWriter(XML_DECLARATION);
  writeErrorElement(xml, error, exchange.id);
  const body = xml.take();
  const { response } = exchange;
  leaveBody(exchange);
  for (const name of response.getHeaderNames()) if (name.startsWith('content-')) response.removeHeader(name);
  response.writeHead(error.status, { 'Content-Type': XML_TYPE, 'Content-Length': Buffer.byteLength(body), ...error.headers });
  response.end(exchange.request.method === 'HEAD' ? undefined : body);
}
