/** A directory plugin as the kernel sets it up, without a server around it: its source and its credentials, asked directly. */
import type { Clock, CredentialSource, DirectorySource } from '@kalends/contracts';
import { credentialSource, directorySource } from '@kalends/contracts';
import openDirectory from '@kalends/directory-open-directory';
import { Graph, definePlugin, planGraph } from '@kalends/kernel';
import type { Logger, PluginDefinition } from '@kalends/kernel';
import { clockPlugin, systemClock } from '@kalends/testkit';

export interface DirectoryParts extends AsyncDisposable {
  readonly source: DirectorySource; readonly credentials: CredentialSource;
  /** Lines of the log. */ readonly logged: readonly string[];
  readonly graph: Graph;
  close(): Promise<void>;
}

/** @throws Error with the problems of the config */
export async function setUpDirectory(definition: unknown, config: unknown, clock: Clock = systemClock): Promise<DirectoryParts> {
  const logged: string[] = [];
  const note = (message: string, fields?: unknown): void => { logged.push(`${message} ${JSON.stringify(fields ?? {})}`); };
  const log: Logger = { debug: note, info: note, warn: note, error: note, child: () => log };
  let parts: Pick<DirectoryParts, 'source' | 'credentials'> | undefined;
  const watcher = definePlugin({
    name: 'test/watcher', api: 1, summary: 'Holds what the directory provides.', config: clockPlugin(clock).config, requires: { sources: directorySource, credentials: credentialSource }, provides: {},
    setup: ({ deps }) => {
      parts = { source: deps.sources[0]!, credentials: deps.credentials[0]! };
      return {};
    },
  });
  const plan = await planGraph({ instances: [
    { name: 'people', definition: definition as PluginDefinition, with: config }, { name: 'clock', definition: clockPlugin(clock) as unknown as PluginDefinition }, { name: 'watcher', definition: watcher as unknown as PluginDefinition },
  ] });
  if (plan.problems.length > 0) throw new Error(plan.problems.map(({ message, path }) => `${String(path)}: ${message}`).join('\n'));
  // A directory that does not answer is what some tests are about.
  const graph = new Graph(log, { readyMilliseconds: 0 });
  await graph.setUp(plan);
  await graph.start();
  const close = (): Promise<void> => graph.stop();
  return { ...parts!, logged, graph, close, [Symbol.asyncDispose]: close };
}

/** Over StartTLS, as the reading account. */
export function setUpOpenDirectory(ldap: { readonly url: string; readonly base: string; readonly bindDn: string; readonly bindPassword: string; readonly ca: string }, more: Readonly<Record<string, unknown>> = {}, clock: Clock = systemClock): Promise<DirectoryParts> {
  return setUpDirectory(openDirectory, { url: ldap.url, base: ldap.base, 'bind-dn': ldap.bindDn, 'bind-password': ldap.bindPassword, ca: ldap.ca, ...more }, clock);
}
