/** The action `capabilities` (RFC 7808 §5.1): what this service does, and where. */
import { jsonAnswer } from './zone-request.ts';
import type { ZoneAnswer } from './zone-request.ts';
import { PUBLISHER, syncToken, version } from './zone-names.ts';

export const FORMATS = ['text/calendar', 'application/calendar+json'] as const;

/** `path`: of the service, without a final slash. */
export function capabilities(path: string): ZoneAnswer {
  const parameter = (name: string, required: boolean): object => ({ name, required, multi: false });
  const action = (name: string, template: string, ...parameters: readonly object[]): object => ({ name, 'uri-template': path + template, parameters });
  return jsonAnswer({
    version: 1,
    info: { 'primary-source': `${PUBLISHER}:${version()}`, formats: FORMATS, truncated: { any: true, untruncated: true } },
    actions: [
      action('capabilities', '/capabilities'),
      action('list', '/zones{?changedsince}', parameter('changedsince', false)),
      action('get', '/zones{/tzid}{?start,end}', parameter('start', false), parameter('end', false)),
      action('expand', '/zones{/tzid}/observances{?start,end}', parameter('start', true), parameter('end', true)),
      action('find', '/zones{?pattern}', parameter('pattern', true)),
      action('leapseconds', '/leapseconds'),
    ],
  }, syncToken());
}
