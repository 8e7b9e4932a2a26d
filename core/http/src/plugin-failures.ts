/**
 * The master's part of authentication: it counts wrong passwords for all workers of its host. Without a master the authentication plugin counts itself.
 */
import { deployment, processChannel } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import { z } from 'zod';
import { FailureTable } from './failures.ts';

export default definePlugin({
  name: '@kalends/http-failures',
  api: 1,
  summary: 'Counts failed log-ins for all workers of a host.',
  config: z.strictObject({}),
  provides: {},
  requires: { channel: processChannel, deployment },
  runsIn: 'master',

  setup({ deps }) {
    if (deps.deployment.role === 'master') new FailureTable().answerOn(deps.channel);
    return {};
  },
});
