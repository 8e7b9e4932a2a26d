/** The facts about this deployment that any plugin may need, as a plugin. */
import { deployment } from '@kalends/contracts';
import type { Deployment } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import type { PluginDefinition } from '@kalends/kernel';
import { z } from 'zod';

export interface DeploymentFacts extends Omit<Deployment, 'publicUrl'> {
  /** Asked each time: a port that was 0 is known only after the start. */
  readonly publicUrl: () => URL;
  /** Writes what had to be made up for this host, when the server starts and not before. */
  keep(): Promise<void>;
}

export function deploymentPlugin({ publicUrl, keep, ...facts }: DeploymentFacts): PluginDefinition {
  const value: Deployment = Object.freeze({ ...facts, get publicUrl() { return publicUrl(); } });
  return definePlugin({
    name: '@kalends/server/deployment', api: 1, summary: 'Public URL, data root, host and limits of this deployment.', config: z.strictObject({}),
    provides: { deployment }, requires: {}, runsIn: 'both',
    setup({ lifecycle }) {
      lifecycle.onStart(keep);
      return { deployment: value };
    },
  });
}
