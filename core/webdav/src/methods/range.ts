/** Range and If-Range (RFC 9110 §14.1.2, §13.1.5): one range of octets; several at once are answered whole, as the RFC allows. */
import type { IncomingHttpHeaders } from 'node:http';

export const READ_RANGE = 'bytes';

/** `to` is exclusive. Undefined: all of it. `modified` in seconds. */
export function readRange({ range, 'if-range': ifRange }: IncomingHttpHeaders, size: number, tag: string, modified: number): { readonly from: number; readonly to: number } | 'unsatisfiable' | undefined {
  if (range === undefined) return undefined;
  const match = /^bytes=(\d*)-(\d*)$/i.exec(range.replaceAll(/\s/g, ''));
  if (match === null) return undefined;
  if (typeof ifRange === 'string' && ifRange.trim() !== tag && Date.parse(ifRange) !== modified * 1000) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '') {
    const suffix = Number(last);
    return last === '' ? undefined : suffix === 0 || size === 0 ? 'unsatisfiable' : { from: Math.max(0, size - suffix), to: size };
  }
  const from = Number(first);
  const to = last === '' ? size : Math.min(Number(last) + 1, size);
  if (last !== '' && Number(last) < from) return undefined;
  return from >= size ? 'unsatisfiable' : { from, to };
}
