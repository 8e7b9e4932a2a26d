/** acl-principal-prop-set REPORT (RFC 3744 §9.2): properties of each principal that the resource's ACL names by URL. Those the directory lost are left out. */
import { READ, READ_ACL } from '@kalends/contracts';
import type { PrincipalId, ReportSpec, XmlNode } from '@kalends/contracts';
import { engineOf } from '../engine.ts';
import { principalPath } from '../resource/principal-path.ts';
import { dav } from '../xml/names.ts';
import { needDepthZero, propOf } from './acl-reports.ts';

const WORDS: ReadonlySet<string> = new Set(['all', 'authenticated', 'unauthenticated', 'self']);

export const aclPrincipalPropSet: ReportSpec<XmlNode> = {
  name: dav('acl-principal-prop-set'),
  kinds: ['*'],
  requires: READ_ACL,
  read(body) {
    propOf(body, true);
    return body;
  },
  async run(request, body) {
    needDepthZero(request);
    const engine = engineOf(request);
    const { access } = engine.engine;
    const ids = new Set<PrincipalId>();
    for (const { principal } of await access.entries(request.resource)) {
      if (typeof principal !== 'string') {
        if (principal.property.local === 'owner' && request.resource.owner !== undefined) ids.add(request.resource.owner);
      } else if (principal === 'administrators') for (const id of await access.administrators()) ids.add(id);
      else if (!WORDS.has(principal)) ids.add(principal as PrincipalId);
    }
    const plan = engine.plan(body);
    const out = engine.multistatus();
    for (const id of ids) {
      const path = principalPath(id);
      const judged = await request.judge(path, {});
      if (judged === undefined || (judged.access & READ) !== READ) continue;
      await out.resource(path, { ...judged, item: undefined, identity: request.identity }, plan);
      await out.drained();
    }
    await out.end();
  },
};
