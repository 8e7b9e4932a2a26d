/**
 * The DAV engine as a plugin: the features of all plugins compiled into one table, served as HTTP. Also here, since nothing of it can be left out: WebDAV's own
 * feature.
 */
import { calendarStore, clock, davFeature, deployment, directory, httpFeature, recordStore } from '@kalends/contracts';
import { authentication } from '@kalends/http';
import { definePlugin } from '@kalends/kernel';
import { z } from 'zod';
import { compiledAccess } from './access/compiled-access.ts';
import { EngineTables } from './engine-tables.ts';
import { webdavFeature } from './feature.ts';
import { Pipeline } from './pipeline.ts';

export default definePlugin({
  name: '@kalends/webdav',
  api: 1,
  summary: 'Serves WebDAV (RFC 4918 and its extensions) over the features of all plugins.',
  config: z.strictObject({}),
  provides: { dav: httpFeature },
  requires: { features: davFeature, access: compiledAccess, authentication, directory, store: calendarStore, records: recordStore, deployment, clock },

  setup({ deps, log }) {
    const { features, access, authentication, directory, store, records, deployment, clock } = deps;
    const engine = new EngineTables([webdavFeature, ...features], { access, directory, store, records, deployment, clock, log });
    const pipeline = new Pipeline(engine, authentication);
    return { dav: { kind: 'exchange', prefix: '/', handle: (exchange) => pipeline.handle(exchange) } };
  },
});
