/** Whole answers: a status, header fields, perhaps a short body. Listings and streams go through `xml/response-stream.ts`. */
import type { HttpExchange } from '@kalends/contracts';
import { isUtf8 } from 'node:buffer';
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { XML_TYPE } from './errors/write-error.ts';
import { XML_DECLARATION, XmlWriter } from './xml/write.ts';

/** Without a body. */
export function answer({ response }: HttpExchange, status: number, headers: OutgoingHttpHeaders = {}): void {
  response.writeHead(status, status === 204 || status === 304 ? headers : { 'Content-Length': 0, ...headers });
  response.end();
}

/** Node writes a head and a string at once, but gathers a head and octets from two places: a small body leaves as text if it is text. */
export function answerBytes({ response }: HttpExchange, status: number, body: Uint8Array, headers: OutgoingHttpHeaders): void {
  response.writeHead(status, { 'Content-Length': body.length, ...headers });
  if (body.length <= TEXT_OCTETS && isUtf8(body)) response.end(Buffer.from(body.buffer, body.byteOffset, body.length).toString());
  else response.end(body);
}
const TEXT_OCTETS = 16_384;

/** What comes is said to be 200 by whoever answers; it goes out under another status. */
export function answerUnder(response: ServerResponse, status: number): void {
  const writeHead = response.writeHead.bind(response) as (status: number, headers: object) => ServerResponse;
  response.writeHead = ((said: number, headers: object) => writeHead(said === 200 ? status : said, headers)) as typeof response.writeHead;
}

/** A small XML document that is no listing. */
export function answerXml(exchange: HttpExchange, status: number, write: (xml: XmlWriter) => void, headers: OutgoingHttpHeaders = {}): void {
  const xml = new XmlWriter(XML_DECLARATION);
  write(xml);
  answerBytes(exchange, status, Buffer.from(xml.take()), { 'Content-Type': XML_TYPE, ...headers });
}
