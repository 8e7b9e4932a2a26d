/** Stage 6: the handler. */
import { HandlerRequest } from '../request.ts';
import type { Authorized } from './passage.ts';

export async function dispatch(passage: Authorized): Promise<Authorized> {
  await passage.spec.handle(new HandlerRequest(passage));
  return passage;
}
