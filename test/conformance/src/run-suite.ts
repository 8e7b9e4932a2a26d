/** Runs scripts one after another, each against a server that knows nothing of the one before. */
import { Exchanges } from './exchange.ts';
import type { Grouped } from './report.ts';
import { runScript } from './run-script.ts';
import type { ScriptOutcome } from './run-script.ts';
import { readScript } from './script.ts';
import type { Script } from './script.ts';
import { readServerInfo } from './server-info.ts';
import { startServer } from './server.ts';
import type { RunningServer } from './server.ts';
import { scriptFile } from './suite-folder.ts';
import type { Selection } from './suite-folder.ts';

export interface SuiteRun {
  readonly folder: string; readonly selection: Selection; readonly serverInfo: string;
  /** Of a server that runs already (its store is then as the scripts before left it); absent: a `caldavd` of our own for each script. */ readonly address?: string;
  /** Scripts marked `ignore-all` too. */ readonly named?: readonly string[];
  onScript?(outcome: ScriptOutcome): void;
}

interface Planned { readonly area: string; readonly name: string; readonly script: Script }

export async function runSuite(run: SuiteRun): Promise<Grouped> {
  const today = new Date();
  const planned = await plan(run);
  const groups = new Map<string, ScriptOutcome[]>();
  await using servers = new Servers(run.address === undefined ? planned.length : 0);
  for (const { area, name, script } of planned) {
    await using server = await servers.next();
    const info = await readServerInfo(run.serverInfo, server?.address ?? run.address);
    using exchanges = new Exchanges(info.plain);
    const outcome = await runScript({ name, script, info, folder: run.folder, exchanges, today });
    groups.set(area, [...groups.get(area) ?? [], outcome]);
    run.onScript?.(outcome);
  }
  return [...groups];
}

async function plan({ folder, selection, named = [] }: SuiteRun): Promise<readonly Planned[]> {
  const planned: Planned[] = [];
  for (const [area, names] of selection) {
    for (const name of names) {
      const script = await readScript(scriptFile(folder, name));
      if (!script.ignoredUnlessNamed || named.includes(name)) planned.push({ area, name, script });
    }
  }
  return planned;
}

/** The next server comes up while the one before works. */
class Servers implements AsyncDisposable {
  #left: number;
  #coming: Promise<RunningServer> | undefined;

  constructor(count: number) {
    this.#left = count;
    this.#begin();
  }

  /** Undefined: none was wanted. @throws Error when it does not come up */
  async next(): Promise<RunningServer | undefined> {
    const coming = this.#coming;
    if (coming === undefined) return undefined;
    this.#coming = undefined;
    const server = await coming;
    this.#begin();
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#coming?.then((server) => server[Symbol.asyncDispose](), () => undefined);
  }

  #begin(): void {
    if (this.#left-- <= 0) return;
    this.#coming = startServer();
    // Told by `next`; until then it is not unhandled.
    this.#coming.catch(() => undefined);
  }
}
