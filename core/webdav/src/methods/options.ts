/** OPTIONS (RFC 9110 §9.3.7, RFC 4918 §10.1): what this server does, for whoever asks; what may be done to this resource, for whoever may read it. */
import type { DavRequest, MethodSpec } from '@kalends/contracts';
import { answer } from '../answer.ts';
import { engineOf } from '../engine.ts';
import { mayRead } from '../request.ts';

export const options: MethodSpec = { method: 'OPTIONS', kinds: ['*'], requires: () => [], handle };

async function handle(request: DavRequest): Promise<void> {
  const { engine, resource, access, http } = engineOf(request);
  // A stranger learns nothing from which methods are left out.
  const methods = mayRead(access) ? engine.methods(resource.kind).keys() : engine.known;
  answer(http, 200, { Allow: [...methods].join(', '), DAV: engine.compliance.join(', ') });
}
