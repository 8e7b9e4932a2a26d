/**
 * The plugin `scheduling`: inbox and outbox as collections, and free-busy requests (RFC 6638 §2, §5). It names no token in the DAV header: invitations are
 * not sent and received until a write step and a transport do (RFC 6638 §3).
 */
import { calendarStore, clock, davFeature, deployment, directory, schedulingTransport } from '@kalends/contracts';
import { effectiveLimits } from '@kalends/caldav';
import { definePlugin } from '@kalends/kernel';
import { z } from 'zod';
import { outboxSpecs } from './methods/post-outbox.ts';
import { schedulingProperties } from './properties/live-scheduling.ts';
import { schedulingKinds } from './resources/scheduling-kinds.ts';

export default definePlugin({
  name: '@kalends/scheduling',
  api: 1,
  summary: 'Inbox, outbox and free-busy requests (RFC 6638).',
  config: z.strictObject({}),
  provides: { feature: davFeature },
  requires: { store: calendarStore, directory, transports: schedulingTransport, deployment, clock },

  setup({ deps: { store, directory, transports, deployment, clock } }) {
    const limits = effectiveLimits(deployment.limits, store);
    return { feature: { name: 'scheduling', resources: schedulingKinds, methods: outboxSpecs({ store, directory, transports, limits, clock }), properties: schedulingProperties } };
  },
});
