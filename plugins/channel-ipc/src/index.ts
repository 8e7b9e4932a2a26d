/**
 * What the processes of one host say to one another, and the replay guard that needs one answer for all of them. Travels over node:cluster's own pipe;
 * in `single` everything stays in this process.
 */
import cluster from 'node:cluster';
import { clock, deployment, processChannel, replayGuard } from '@kalends/contracts';
import { definePlugin } from '@kalends/kernel';
import { z } from 'zod';
import { IpcChannel } from './ipc-channel.ts';
import { LocalChannel } from './local-channel.ts';
import { ChannelReplayGuard, ReplayWindows } from './replay-windows.ts';

export default definePlugin({
  name: '@kalends/channel-ipc',
  api: 1,
  summary: 'Notices and questions between the processes of one host; counts the use of Digest nonces.',
  config: z.strictObject({}),
  provides: { channel: processChannel, replay: replayGuard },
  requires: { deployment, clock },
  runsIn: 'both',

  setup({ deps, lifecycle }) {
    const windows = new ReplayWindows(deps.clock);
    if (deps.deployment.role === 'single') return { channel: new LocalChannel(), replay: windows };
    const channel = new IpcChannel(deps.deployment.role === 'master' ? { master: cluster } : { worker: process });
    lifecycle.onStart(() => { channel.open(); return Promise.resolve(); });
    lifecycle.onStop(() => { channel.close(); return Promise.resolve(); });
    if (deps.deployment.role === 'master') {
      windows.answerOn(channel);
      return { channel, replay: windows };
    }
    return { channel, replay: new ChannelReplayGuard(channel) };
  },
});
