/** What the reports of RFC 3744 §9 ask alike: Depth 0, one DAV:prop at most. */
import type { DavRequest, XmlNode } from '@kalends/contracts';
import { engineOf } from '../engine.ts';
import { badRequest } from '../errors/preconditions.ts';
import { isNamed, DAV } from '../xml/names.ts';

/** @throws DavError 400 for a Depth other than 0; none is 0 (RFC 3253 §3.6) */
export function needDepthZero(request: DavRequest): void {
  const { depth } = engineOf(request).fields;
  if (depth !== undefined && depth !== 0) throw badRequest('This report is about one resource: ask with Depth 0.');
}

/** @throws DavError 400 when there are several, or none where one must be */
export function propOf(body: XmlNode, isRequired: boolean): XmlNode | undefined {
  const props = body.children.filter(({ name }) => isNamed(name, DAV, 'prop'));
  if (props.length > 1 || (isRequired && props.length === 0)) throw badRequest(`${body.name.local} holds ${isRequired ? 'one' : 'at most one'} DAV:prop.`);
  return props[0];
}

export function childNamed(node: XmlNode, ns: string, local: string): XmlNode | undefined {
  return node.children.find(({ name }) => isNamed(name, ns, local));
}
