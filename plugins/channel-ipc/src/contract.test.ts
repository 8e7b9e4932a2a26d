/** The channel of `single` and the replay windows, held to the points' suites. What goes between processes is in `ipc-channel.test.ts`. */
import { describeProcessChannel, describeReplayGuard, localChannel } from '@kalends/testkit';
import { LocalChannel } from './local-channel.ts';
import { ChannelReplayGuard, ReplayWindows } from './replay-windows.ts';

const close = (): Promise<void> => Promise.resolve();

describeProcessChannel('the local channel', () => Promise.resolve({ service: new LocalChannel(), close }));
describeReplayGuard('the replay windows', (clock) => Promise.resolve({ service: new ReplayWindows(clock), close }));
describeReplayGuard('the replay windows of another process', (clock) => {
  const channel = localChannel();
  new ReplayWindows(clock).answerOn(channel);
  return Promise.resolve({ service: new ChannelReplayGuard(channel), close });
});
