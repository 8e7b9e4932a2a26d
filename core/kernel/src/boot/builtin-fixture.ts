/** A plugin that a test finds as a built-in. */
import { z } from 'zod';
import { definePlugin } from '../plugin/define-plugin.ts';
import { extensionPoint } from '../plugin/extension-point.ts';

export default definePlugin({
  name: '@test/hello', api: 1, summary: 'Greets.', config: z.strictObject({}), provides: { greeter: extensionPoint<string>('greeter') }, requires: {},
  setup: () => ({ greeter: 'hello' }),
});
