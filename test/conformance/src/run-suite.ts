/** Runs scripts one after another, each against a server that knows nothing of the one before. */
import { Exchanges } from './exchange.ts';
import type { Grouped } from './report.ts';
import { runScript } from './run-script.ts';
import type { ScriptOutcome } from './run-script.ts';
import { readScript } from './script.ts';
import { readServerInfo } from './server-info.ts';
import { startServer } from './server.ts';
import { scriptFile } from './suite-folder.ts';
import type { Selection } from './suite-folder.ts';

export interface SuiteRun {
  readonly folder: string; readonly selection: Selection; readonly serverInfo: string;
  /** Of a server that runs already (its store is then as the scripts before left it); absent: a `caldavd` of our own for each script. */ readonly address?: string;
  /** Scripts marked `ignore-all` too. */ readonly named?: readonly string[];
  onScript?(outcome: ScriptOutcome): void;
}

export async function runSuite(run: SuiteRun): Promise<Grouped> {
  const today = new Date();
  const groups: [string, ScriptOutcome[]][] = [];
  for (const [area, names] of run.selection) {
    const outcomes: ScriptOutcome[] = [];
    groups.push([area, outcomes]);
    for (const name of names) {
      const script = await readScript(scriptFile(run.folder, name));
      if (script.ignoredUnlessNamed && run.named?.includes(name) !== true) continue;
      await using server = run.address === undefined ? await startServer() : undefined;
      const info = await readServerInfo(run.serverInfo, server?.address ?? run.address);
      using exchanges = new Exchanges(info.plain);
      const outcome = await runScript({ name, script, info, folder: run.folder, exchanges, today });
      outcomes.push(outcome);
      run.onScript?.(outcome);
    }
  }
  return groups;
}
