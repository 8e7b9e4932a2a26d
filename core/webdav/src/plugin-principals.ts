/**
 * Principals, their listings, `/`, and what every resource shows of access control (RFC 3744, 5397, 6764): a DavFeature like any other. Decides no access and
 * stores nothing but the delegates that an owner sets.
 */
import { calendarStore, davFeature, deployment, directory, httpFeature, recordStore } from '@kalends/contracts';
import type { DavFeature } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import { z } from 'zod';
import { Delegates } from './access/delegates.ts';
import { acl } from './methods/acl.ts';
import { aclProperties } from './properties/live-acl.ts';
import { principalProperties } from './properties/live-principal.ts';
import { aclPrincipalPropSet } from './reports/acl-principal-prop-set.ts';
import { calendarserverPrincipalSearch } from './reports/calendarserver-principal-search.ts';
import { expandProperty } from './reports/expand-property.ts';
import { principalMatch } from './reports/principal-match.ts';
import { principalPropertySearch } from './reports/principal-property-search.ts';
import { principalSearchPropertySet } from './reports/principal-search-property-set.ts';
import { homeListingKind, listingKind, principalListingKind, uidsListingKind } from './resource/listing.ts';
import { principalKind } from './resource/principal.ts';
import { proxyKind } from './resource/proxy.ts';
import { rootKind, wellKnownKind } from './resource/root.ts';
import { wellKnownCaldav } from './resource/well-known.ts';

const config = z.strictObject({
  root: z.enum(['authenticated', 'everybody']).default('authenticated').describe('Who may read `/`. It lists no people.'),
});

export default definePlugin({
  name: '@kalends/webdav/principals',
  api: 1,
  summary: 'Principals, listings and the root; access control as properties and reports (RFC 3744).',
  config,
  provides: { principals: davFeature, wellKnown: httpFeature },
  requires: { directory, records: recordStore, store: calendarStore, deployment },

  setup({ config: { root }, deps: { directory, records, store, deployment } }) {
    const delegates = new Delegates(directory, records);
    const principals: DavFeature = {
      name: 'principals',
      compliance: ['access-control', 'calendar-proxy', 'calendarserver-principal-property-search', 'calendarserver-principal-search'],
      resources: [
        rootKind(root), wellKnownKind, listingKind, uidsListingKind, principalListingKind(directory), homeListingKind({ directory, store, delegates }),
        principalKind(directory), proxyKind(directory),
      ],
      methods: [acl],
      properties: [...aclProperties, ...principalProperties(delegates)],
      reports: [
        aclPrincipalPropSet, principalMatch(delegates), principalPropertySearch, principalSearchPropertySet, expandProperty, calendarserverPrincipalSearch,
      ],
    };
    return { principals, wellKnown: wellKnownCaldav(deployment) };
  },
});
