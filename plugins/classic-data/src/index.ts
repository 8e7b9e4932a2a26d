/**
 * What the classic server wrote into the objects that it stored, for deployments that move from it and whose clients or tools count on that. Without this plugin
 * an object is stored as it was sent. With it, answers to PUT have no ETag where something was written (RFC 4791 §5.3.4), so clients read the object again.
 */
import { directory, writeStep } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import { z } from 'zod';
import { addressStep } from './address-step.ts';
import { modifiedByStep } from './modified-by-step.ts';

export default definePlugin({
  name: '@kalends/classic-data',
  api: 1,
  summary: 'Writes into stored objects what the classic server wrote: canonical addresses, who changed a room.',
  config: z.strictObject({}),
  provides: { addresses: writeStep, tracking: writeStep },
  requires: { directory },

  setup({ deps }) {
    return { addresses: addressStep(deps.directory), tracking: modifiedByStep(deps.directory) };
  },
});
