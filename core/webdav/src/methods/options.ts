/** OPTIONS (RFC 9110 §9.3.7, RFC 4918 §10.1): what this server does, for whoever asks; what may be done to this resource, for whoever may read it. */
import type { DavRequest, HttpExchange, MethodSpec } from '@kalends/contracts';
import { answer } from '../answer.ts';
import { engineOf } from '../engine.ts';
import type { Engine } from '../engine.ts';
import { mayRead } from '../request.ts';

export const options: MethodSpec = { method: 'OPTIONS', kinds: ['*'], requires: () => [], handle };

async function handle(request: DavRequest): Promise<void> {
  const { engine, resource, access, http } = engineOf(request);
  // A stranger learns nothing from which methods are left out.
  answerOptions(http, engine, mayRead(access) ? engine.methods(resource.kind).keys() : engine.known);
}

export function answerOptions(http: HttpExchange, { compliance }: Engine, methods: Iterable<string>): void {
  answer(http, 200, { Allow: [...methods].join(', '), DAV: compliance.join(', ') });
}
