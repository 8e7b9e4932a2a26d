/**
 * Of a deployment what knows people and checks their passwords, in this process: directories, credentials and what they need, nothing that serves. Beside a running
 * server or before there is any: where there is no data root yet, none is made.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authenticator, clock, credentialSource, deployment, directory, directorySource, recordStore } from '@kalends/contracts';
import type { AuditLog, Clock, CredentialSource, Deployment, Directory, DirectorySource, RecordStore } from '@kalends/contracts';
import { definePlugin, formatProblems, hasErrors, KernelError, Redactor } from '@kalends/kernel';
import type { Logger, Plan } from '@kalends/kernel';
import { addressesOf, auditLogOver, coreNames, dataRootOf, openAuditLines, prepareServer, readConfig } from '@kalends/server';
import type { Config } from '@kalends/server';
import { z } from 'zod';
import { becomeOwnerOf } from './become-owner.ts';

/** A value with the instance of the config that it comes from. */
export interface FromInstance<T> { readonly instance: string; readonly plugin: string; readonly value: T }

export interface OpenPeople extends AsyncDisposable {
  readonly directory: Directory; readonly records: RecordStore; readonly deployment: Deployment; readonly clock: Clock;
  /** In config order. */ readonly sources: readonly FromInstance<DirectorySource>[];
  readonly credentials: readonly FromInstance<CredentialSource>[];
  /** What offers schemes, with its config; not set up here. */ readonly authenticators: readonly FromInstance<unknown>[];
  /** An address of the config has TLS. */ readonly secure: boolean; /** Proxies are believed, who may have it. */ readonly proxied: boolean;
  /** Opened when it is first written to. */ readonly audit: AuditLog;
  /** What the plugins had to say since this was asked last, a sentence each. */ said(): readonly string[];
}
interface Tapped { readonly directory: Directory; readonly records: RecordStore; readonly deployment: Deployment; readonly clock: Clock; readonly sources: readonly DirectorySource[]; readonly credentials: readonly CredentialSource[] }

const NEEDED = { directory, records: recordStore, deployment, clock, sources: directorySource, credentials: credentialSource };

/** @throws KernelError with every problem of the config, of what is left out here too */
export async function openPeople(file: string, data?: string): Promise<OpenPeople> {
  const settings = data === undefined ? {} : { 'server.data': data };
  const whole = readConfig({ file, settings });
  const real = dataRootOf(whole.sections);
  becomeOwnerOf(real);
  const scratch = existsSync(real) ? undefined : await mkdtemp(join(tmpdir(), 'kalends-people-'));
  const dataRoot = scratch ?? real;
  const remove = async (): Promise<void> => { if (scratch !== undefined) await rm(scratch, { recursive: true, force: true }); };
  try {
    const { plan, problems } = await prepareServer(whole, { dataRoot });
    if (hasErrors(problems)) throw new KernelError('KRN_CONFIG', formatProblems(problems), { problems });
    const plugins = Object.fromEntries(unneeded(plan, [...coreNames, ...whole.instances.map(({ name }) => name)]).map((name) => [name, { enabled: false }]));
    const said: string[] = [];
    const redactor = new Redactor();
    let tapped: Tapped | undefined;
    const tap = definePlugin({
      name: '@kalends/caladmin', api: 1, summary: 'The command line\'s way to people.', config: z.unknown(), provides: {}, requires: NEEDED,
      setup({ deps }) {
        tapped = deps;
        return {};
      },
    });
    const prepared = await prepareServer(readConfig({ file, settings, config: { plugins } }), {
      dataRoot, plugins: { caladmin: tap }, log: hearing((sentence) => { said.push(redactor.clean(sentence)); }), redactor, readyMilliseconds: 0,
    });
    await prepared.setUp();
    const running = await prepared.start();
    if (tapped === undefined) throw new KernelError('KRN_SETUP', 'the deployment started without its directory');
    const up = new Set(running.inspector.plugins().filter(({ state }) => state === 'running').map(({ instance }) => instance));
    const named = <T>(values: readonly T[], point: string): readonly FromInstance<T>[] => {
      const providers = prepared.plan.listed.filter(({ name }) => up.has(name)).flatMap((planned) => Object.values(planned.provides).filter(({ id }) => id === point).map(() => planned));
      return values.flatMap((value, at) => (providers[at] === undefined ? [] : [{ instance: providers[at].name, plugin: providers[at].plugin, value }]));
    };
    const audit = lateAudit(whole.sections, real, scratch === undefined || whole.sections.log['audit-file'] !== undefined);
    said.length = 0; // What is said at every start is in the server's own log.
    return {
      ...tapped, sources: named(tapped.sources, directorySource.id), credentials: named(tapped.credentials, credentialSource.id),
      authenticators: plan.listed.filter(({ provides }) => Object.values(provides).some(({ id }) => id === authenticator.id)).map(({ name, plugin, config }) => ({ instance: name, plugin, value: config })),
      secure: addressesOf(whole.sections).some(({ secure }) => secure), proxied: whole.sections.server['trusted-proxies'].length > 0, audit, said: () => said.splice(0),
      async [Symbol.asyncDispose]() {
        await audit.close();
        await running.stop();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Of the names those that neither people nor passwords need, not even indirectly. */
function unneeded({ listed }: Plan, names: readonly string[]): readonly string[] {
  const wanted = new Set<string>(Object.values(NEEDED).map(({ id }) => id));
  const kept = new Set<string>();
  for (let grown = true; grown;) {
    grown = false;
    for (const { name, provides, requires } of listed) {
      if (kept.has(name) || !Object.values(provides).some(({ id }) => wanted.has(id))) continue;
      kept.add(name);
      grown = true;
      for (const { id } of Object.values(requires)) wanted.add(id);
    }
  }
  return names.filter((name) => !kept.has(name));
}

/** Hears plugins, not the kernel, and nothing that is for developers. */
function hearing(hear: (sentence: string) => void, plugin?: string): Logger {
  const say = (message: string, fields: object = {}): void => {
    if (plugin !== undefined) hear(`${plugin}: ${message}${Object.entries(fields).map(([name, value]) => ` ${name}=${textOf(value)}`).join('')}`);
  };
  return { debug: () => undefined, info: say, warn: say, error: say, child: (fields) => hearing(hear, (fields as { readonly plugin?: string }).plugin ?? plugin) };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : value instanceof Error ? value.message : JSON.stringify(value);
}

/** Most commands write none, and need no right to. Before the first start there is no log, and nothing of anybody's. */
function lateAudit(sections: Config, dataRoot: string, kept: boolean): AuditLog & { close(): Promise<void> } {
  const complain = (message: string, fields: object = {}): void => { process.stderr.write(`caladmin: ${message} ${Object.values(fields).join(': ')}\n`); };
  let lines: ReturnType<typeof openAuditLines> | undefined;
  return {
    write(entry) { if (kept) auditLogOver(lines ??= openAuditLines(sections.log, dataRoot, { error: complain, warn: complain, info: () => undefined })).write(entry); },
    close: async () => { await lines?.close(); },
  };
}
