/**
 * Time zones for everybody who asks (RFC 7808), at `/stdtimezones` and by way of `/.well-known/timezone`; and what calendar homes say about it (RFC 7809). The zones are
 * those that the server computes with. Public data: nobody has to log in.
 */
import { davFeature, deployment, httpFeature } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import { z } from 'zod';
import { timeZonesByReference } from './by-reference.ts';
import { TimeZoneService } from './time-zone-service.ts';
import { wellKnownTimezone } from './well-known.ts';

/** Where clients of the server that we re-create look for it. */
const PATH = '/stdtimezones';

export default definePlugin({
  name: '@kalends/timezone-service',
  api: 1,
  summary: 'Time zones for clients (RFC 7808), and by reference in CalDAV (RFC 7809).',
  config: z.strictObject({}),
  provides: { service: httpFeature, wellKnown: httpFeature, references: davFeature },
  requires: { deployment },

  setup({ deps: { deployment } }) {
    return { service: new TimeZoneService(PATH), wellKnown: wellKnownTimezone(PATH, deployment), references: timeZonesByReference(PATH) };
  },
});
