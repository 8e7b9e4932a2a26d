/**
 * `/.well-known/caldav` (RFC 6764 §5): a redirect to the root, for any method, before anybody logs in. Absolute, since a client that guessed a port or came
 * without TLS must end at the place the admin chose.
 */
import type { Deployment, HttpFeature } from '@kalends/contracts';

export function wellKnownCaldav(deployment: Pick<Deployment, 'publicUrl'>): HttpFeature {
  return {
    kind: 'exchange',
    prefix: '/.well-known/caldav',
    async handle({ request, response }) {
      request.resume();
      response.writeHead(301, { Location: new URL('/', deployment.publicUrl).href, 'Content-Length': 0 });
      response.end();
    },
  };
}
