/** Who may do what, for requests (`compiled-access`) and for whoever is not inside one (`access`). Kinds come from the features: each says what it protects. */
import { access, accessSource, davFeature, deployment, directory, recordStore } from '@kalends/contracts';
import type { DavFeature } from '@kalends/contracts';
import { Administrators } from '@kalends/http';
import { definePlugin } from '@kalends/kernel';
import { z } from 'zod';
import { AccessControl } from './access/access-control.ts';
import { AclCompiler } from './access/compile.ts';
import type { KindPolicy } from './access/compile.ts';
import { compiledAccess } from './access/compiled-access.ts';
import { Delegates } from './access/delegates.ts';

export default definePlugin({
  name: '@kalends/webdav/access',
  api: 1,
  summary: 'Access control: one walk over a list folded once (RFC 3744).',
  config: z.strictObject({}),
  provides: { access, compiled: compiledAccess },
  requires: { features: davFeature, sources: accessSource, directory, records: recordStore, deployment },

  setup({ deps: { features, sources, directory, records, deployment }, log }) {
    const delegates = new Delegates(directory, records);
    const compiler = new AclCompiler({ kinds: policiesOf(features), sources, directory, delegates });
    const control = new AccessControl({ compiler, admins: new Administrators(deployment.admins, directory, log) });
    return { access: control, compiled: control };
  },
});

/** @throws Error when two features declare one kind */
function policiesOf(features: readonly DavFeature[]): ReadonlyMap<string, KindPolicy> {
  const policies = new Map<string, KindPolicy>();
  for (const { name, resources = [] } of features) {
    for (const kind of resources) {
      if (policies.has(kind.kind)) throw new Error(`feature ${name} declares resources of kind ${kind.kind}, which another declares already`);
      policies.set(kind.kind, kind);
    }
  }
  return policies;
}
