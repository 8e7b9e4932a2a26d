/**
 * `/.well-known/timezone` (RFC 7808 §4.2.1.3): a redirect to the service, with what follows in the path and the query, since clients look for `capabilities` below it.
 * Absolute, as that of `/.well-known/caldav`.
 */
import type { Deployment, HttpFeature } from '@kalends/contracts';

const PREFIX = '/.well-known/timezone';

export function wellKnownTimezone(path: string, { publicUrl }: Pick<Deployment, 'publicUrl'>): HttpFeature {
  return {
    kind: 'exchange',
    prefix: PREFIX,
    async handle({ request, response }) {
      request.resume();
      const { href } = new URL(path + (request.url ?? '').slice(PREFIX.length), publicUrl);
      response.writeHead(301, { Location: href, 'Content-Length': 0 });
      response.end();
    },
  };
}
