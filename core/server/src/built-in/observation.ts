/** What the composition shows of the running server: the graph itself (`inspector`), one line a request (`access-log`), who used a right over another's things
 * (`audit-log`), and where the front listens. */
import { accessLog, auditLog, inspector } from '@kalends/contracts';
import { listening } from '@kalends/http';
import type { Address, Listening } from '@kalends/http';
import { definePlugin } from '@kalends/kernel';
import type { Graph, LineSink, PluginDefinition } from '@kalends/kernel';
import { z } from 'zod';
import { auditLogOver } from '../open-audit-log.ts';

const none = z.strictObject({});

export function inspectorPlugin(graph: Graph): PluginDefinition {
  return definePlugin({
    name: '@kalends/server/inspector', api: 1, summary: 'The running graph and its health, read only.', config: none, provides: { inspector }, requires: {}, runsIn: 'both',
    setup: () => ({ inspector: { plugins: () => graph.plugins(), health: () => graph.health(), ready: () => graph.ready() } }),
  });
}

/** `sink` is closed by whoever opened it: it outlives the graph, so that a reload keeps its file. */
export function accessLogPlugin(sink: LineSink): PluginDefinition {
  return definePlugin({
    name: '@kalends/server/access-log', api: 1, summary: 'One line a request.', config: none, provides: { accessLog }, requires: {}, runsIn: 'both',
    setup: () => ({ accessLog: { write: (line: string) => { sink.write(line); } } }),
  });
}

/** `sink`: as that of the access log. */
export function auditLogPlugin(sink: LineSink): PluginDefinition {
  return definePlugin({
    name: '@kalends/server/audit-log', api: 1, summary: 'One line for each use of a right over what is another\'s.', config: none, provides: { auditLog }, requires: {}, runsIn: 'both',
    setup: () => ({ auditLog: auditLogOver(sink) }),
  });
}

/** Learns from the front where it listens. */
export class AddressBook {
  #listening: Listening | undefined;

  /** Empty before the start. */
  addresses(): readonly Address[] {
    return this.#listening?.addresses() ?? [];
  }

  plugin(): PluginDefinition {
    return definePlugin({
      name: '@kalends/server/addresses', api: 1, summary: 'Tells the composition where the front listens.', config: none, provides: {}, requires: { listening },
      setup: ({ deps }) => {
        this.#listening = deps.listening;
        return {};
      },
    });
  }
}
