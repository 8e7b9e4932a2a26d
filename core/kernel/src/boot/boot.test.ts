import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readConfigFile } from '../config/load.ts';
import { KernelError, SettingError, together } from '../errors.ts';
import { currentPlugin } from '../lifecycle/current-plugin.ts';
import { definePlugin } from '../plugin/define-plugin.ts';
import type { Logger, PluginDefinition } from '../plugin/define-plugin.ts';
import { extensionPoint } from '../plugin/extension-point.ts';
import { Graph } from './boot.ts';
import type { GraphLimits } from './boot.ts';
import { planGraph } from './plan.ts';
import type { InstanceSpec } from './plan.ts';

const greeter = extensionPoint<string>('greeter');
const guests = extensionPoint<string, 'many'>('guests', 'many');
const steps = extensionPoint<string, 'many'>('steps', 'many');

function recordingLog(): { readonly log: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const note = (level: string) => (message: string, fields?: object): void => { lines.push(`${level} ${message}${fields !== undefined && 'plugin' in fields ? ` (${String(fields.plugin)})` : ''}`); };
  const log: Logger = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error'), child: () => log };
  return { log, lines };
}

interface Behaviour { readonly provides?: PluginDefinition['provides']; readonly requires?: PluginDefinition['requires']; readonly runsIn?: 'worker' | 'master' | 'both'; setup?: PluginDefinition['setup'] }

function plugin(name: string, { provides = {}, requires = {}, runsIn, setup }: Behaviour = {}): PluginDefinition {
  return definePlugin({
    name: `@test/${name}`, api: 1, summary: name, config: z.strictObject({ from: z.string().optional() }), provides, requires,
    ...(runsIn === undefined ? {} : { runsIn }),
    setup: setup ?? (() => Object.fromEntries(Object.keys(provides).map((key) => [key, name]))),
  });
}

async function graphOf(instances: readonly InstanceSpec[], limits: Partial<GraphLimits> = {}) {
  const { log, lines } = recordingLog();
  const plan = await planGraph({ instances, indispensable: ['steps'] });
  return { graph: new Graph(log, { readyMilliseconds: 50, ...limits }), plan, lines };
}

/** Notes in `events` when it starts and stops. */
function noting(name: string, events: string[], behaviour: Behaviour = {}): PluginDefinition {
  return plugin(name, {
    ...behaviour,
    setup: ({ lifecycle }) => {
      lifecycle.onStart(async () => { events.push(`start ${name}`); await Promise.resolve(); });
      lifecycle.onStop(async () => { events.push(`stop ${name}`); await Promise.resolve(); });
      return Object.fromEntries(Object.keys(behaviour.provides ?? {}).map((key) => [key, name]));
    },
  });
}

describe('Graph', () => {
  it('sets up and starts in the order of dependencies and stops in reverse', async () => {
    const events: string[] = [];
    const { graph, plan } = await graphOf([
      { name: 'front', definition: noting('front', events, { requires: { greeter } }) },
      { name: 'middle', definition: noting('middle', events, { provides: { greeter }, requires: { guests } }) },
      { name: 'base', definition: noting('base', events, { provides: { guests } }) },
    ]);
    expect(plan.problems).toEqual([]);
    await graph.setUp(plan);
    expect(events).toEqual([]);
    await graph.start();
    expect(graph.ready()).toBe(true);
    await graph.stop();
    await graph.stop();
    expect(events).toEqual(['start base', 'start middle', 'start front', 'stop front', 'stop middle', 'stop base']);
    expect(graph.ready()).toBe(false);
  });

  it('hands over exactly what was declared: `many` in the order of the config, frozen', async () => {
    let seen: unknown;
    const reader = plugin('reader', { requires: { greeter, guests }, setup: ({ config, deps }) => { seen = { config, deps }; return {}; } });
    const { graph, plan } = await graphOf([
      { name: 'reader', definition: reader, with: { from: 'config' } },
      { name: 'second', definition: plugin('second', { provides: { b: guests }, requires: { greeter } }) },
      { name: 'first', definition: plugin('first', { provides: { a: guests } }) },
      { name: 'hello', definition: plugin('hello', { provides: { greeter } }) },
    ]);
    await graph.setUp(plan);
    expect(seen).toEqual({ config: { from: 'config' }, deps: { greeter: 'hello', guests: ['second', 'first'] } });
    expect(Object.isFrozen((seen as { deps: { guests: readonly string[] } }).deps.guests)).toBe(true);
  });

  it('leaves `optional` points undefined where nobody provides them', async () => {
    const policy = extensionPoint<string, 'optional'>('policy', 'optional');
    let seen: unknown = 'nothing';
    const { graph, plan } = await graphOf([{ name: 'a', definition: plugin('a', { requires: { policy }, setup: ({ deps }) => { seen = deps; return {}; } }) }]);
    await graph.setUp(plan);
    expect(seen).toEqual({ policy: undefined });
  });

  it('names the plugin whose setup fails, or does not return what it provides', async () => {
    const throwing = await graphOf([{ name: 'a', definition: plugin('a', { setup: () => { throw new Error('no sources'); } }) }]);
    await expect(throwing.graph.setUp(throwing.plan)).rejects.toThrow('a: could not be set up: no sources');
    const lacking = await graphOf([{ name: 'b', definition: plugin('b', { provides: { greeter }, setup: () => ({}) }) }]);
    await expect(lacking.graph.setUp(lacking.plan)).rejects.toMatchObject({ code: 'KRN_SETUP', instance: 'b' });
  });

  it('tells all that cannot be set up at once, at the line of the setting, and passes over what would need them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kalends-boot-'));
    const file = join(folder, 'caldavd.yaml');
    writeFileSync(file, 'plugins:\n  a:\n    with:\n      ca: /absent\n      url: x\n  b: {}\n');
    const { document } = readConfigFile(file);
    const failing = plugin('failing', { provides: { guests }, setup: () => { together(() => { throw new SettingError(['ca'], 'cannot be read', { remedy: 'name another' }); }, () => 1, () => { throw new SettingError(['url'], 'is none'); }); return { guests: '' }; } });
    const own = Object.assign(new Error('many'), { problems: [{ file: 'people.yaml', line: 7, path: 'users[0]', message: 'has no id' }] });
    let asked = 0;
    const graph = new Graph(recordingLog().log);
    const plan = await planGraph({ document, instances: [
      { name: 'a', definition: failing }, { name: 'b', definition: plugin('b', { setup: () => { throw own; } }) },
      { name: 'c', definition: plugin('c', { setup: () => { throw new SettingError([], 'nobody can log in', { remedy: 'enable one' }); } }) },
      { name: 'reader', definition: plugin('reader', { requires: { guests }, setup: () => { asked++; return {}; } }) },
    ] });
    const error = await graph.setUp(plan).then(() => undefined, (reason: unknown) => reason);
    expect((error as KernelError).problems).toEqual([
      { code: 'KRN_SETUP', severity: 'error', file, line: 4, path: 'plugins.a.with.ca', message: 'cannot be read', remedy: 'name another' },
      { code: 'KRN_SETUP', severity: 'error', file, line: 5, path: 'plugins.a.with.url', message: 'is none' },
      { code: 'KRN_SETUP', severity: 'error', file: 'people.yaml', line: 7, path: 'users[0]', message: 'has no id' },
      { code: 'KRN_SETUP', severity: 'error', file: undefined, line: undefined, path: 'c', message: 'nobody can log in', remedy: 'enable one' },
    ]);
    expect(asked).toBe(0);
    rmSync(folder, { recursive: true });
  });

  it('finds what cannot be set up beside what is wrong with the graph', async () => {
    const { graph, plan } = await graphOf([
      { name: 'a', definition: plugin('a', { setup: () => { throw new SettingError([], 'no keytab'); } }) }, { name: 'b', definition: plugin('b', { requires: { greeter }, setup: () => { throw new Error('asked all the same'); } }) },
    ]);
    expect(plan.problems).toHaveLength(1);
    await expect(graph.setUp(plan)).rejects.toMatchObject({ problems: [{ path: 'a', message: 'no keytab' }] });
  });

  it('stops what had started, the failing one too, when a start fails', async () => {
    const events: string[] = [];
    const failing = plugin('failing', {
      requires: { guests },
      setup: ({ lifecycle }) => {
        lifecycle.onStop(async () => { events.push('stop failing'); await Promise.resolve(); });
        lifecycle.onStart(() => Promise.reject(new Error('port taken')));
        return {};
      },
    });
    const { graph, plan } = await graphOf([{ name: 'failing', definition: failing }, { name: 'base', definition: noting('base', events, { provides: { guests } }) }]);
    await graph.setUp(plan);
    await expect(graph.start()).rejects.toMatchObject({ code: 'KRN_START', instance: 'failing', message: 'failing could not start: port taken' });
    expect(events).toEqual(['start base', 'stop failing', 'stop base']);
  });

  it('tells a setting that turns out wrong at the start at its line, like one that was wrong on its face', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kalends-boot-'));
    const file = join(folder, 'caldavd.yaml');
    writeFileSync(file, 'plugins:\n  a:\n    with:\n      domain: nowhere.test\n');
    const { document } = readConfigFile(file);
    const asking = plugin('asking', { setup: ({ lifecycle }) => { lifecycle.onStart(() => Promise.reject(new SettingError(['domain'], 'nobody knows it', { remedy: 'is it spelt right?' }))); return {}; } });
    const graph = new Graph(recordingLog().log);
    await graph.setUp(await planGraph({ document, instances: [{ name: 'a', definition: asking }] }));
    await expect(graph.start()).rejects.toMatchObject({ code: 'KRN_SETUP', instance: 'a', problems: [{ file, line: 4, path: 'plugins.a.with.domain', message: 'nobody knows it', remedy: 'is it spelt right?' }] });
    rmSync(folder, { recursive: true });
  });

  it('gives up on a start that hangs, and on one that is stopped meanwhile', async () => {
    const hanging = plugin('hanging', { setup: ({ lifecycle }) => { lifecycle.onStart(() => new Promise(() => undefined)); return {}; } });
    const slow = await graphOf([{ name: 'hanging', definition: hanging }], { startMilliseconds: 20 });
    await slow.graph.setUp(slow.plan);
    await expect(slow.graph.start()).rejects.toThrow('hanging could not start: did not start in time');
    const stopped = await graphOf([{ name: 'hanging', definition: hanging }]);
    await stopped.graph.setUp(stopped.plan);
    const starting = stopped.graph.start();
    await stopped.graph.stop();
    await expect(starting).rejects.toMatchObject({ code: 'KRN_START' });
  });

  it('stops the others when one does not stop, and tells it the deadline', async () => {
    const events: string[] = [];
    const stuck = plugin('stuck', {
      requires: { guests },
      setup: ({ lifecycle }) => {
        lifecycle.onStop((deadline) => new Promise(() => { deadline.addEventListener('abort', () => { events.push('deadline'); }); }));
        return {};
      },
    });
    const { graph, plan, lines } = await graphOf([{ name: 'stuck', definition: stuck }, { name: 'base', definition: noting('base', events, { provides: { guests } }) }], { drainMilliseconds: 10, graceMilliseconds: 10 });
    await graph.setUp(plan);
    await graph.start();
    await graph.stop();
    expect(events).toEqual(['start base', 'deadline', 'stop base']);
    expect(lines).toContain('error a plugin did not stop cleanly (stuck)');
  });

  it('goes on without an optional plugin that cannot be set up or started, and shows it as failed', async () => {
    const { graph, plan, lines } = await graphOf([
      { name: 'no-setup', optional: true, definition: plugin('no-setup', { provides: { guests }, setup: () => { throw new Error('no licence'); } }) },
      { name: 'no-start', optional: true, definition: plugin('no-start', { provides: { guests }, setup: ({ lifecycle }) => { lifecycle.onStart(() => Promise.reject(new Error('no port'))); return { guests: 'no-start' }; } }) },
      { name: 'no-module', optional: true, use: './absent', folder: '/nonexistent' },
      { name: 'off', enabled: false, use: '@acme/never-imported' },
      { name: 'fine', definition: plugin('fine') },
    ]);
    expect(plan.problems).toMatchObject([{ severity: 'warning', path: 'plugins.no-module' }]);
    await graph.setUp(plan);
    await graph.start();
    expect(graph.ready()).toBe(true);
    expect(graph.plugins().map(({ instance, state }) => `${instance} ${state}`)).toEqual(['fine running', 'no-module failed', 'off disabled', 'no-setup failed', 'no-start failed']);
    expect((await graph.health()).map(({ instance, ok, detail }) => [instance, ok, detail])).toEqual([
      ['no-module', false, 'there is nothing at /nonexistent/absent'], ['no-setup', false, 'could not be set up: no licence'], ['no-start', false, 'no-start could not start: no port'],
    ]);
    expect(lines.filter((line) => line.startsWith('error'))).toHaveLength(2);
    await graph.stop();
  });

  it('is ready only when every needed check passes, and becomes so later', async () => {
    let healthy = false;
    const checked = plugin('checked', { setup: ({ lifecycle }) => { lifecycle.health('disk', () => Promise.resolve(healthy ? { ok: true } : { ok: false, detail: 'full' })); return {}; } });
    const { graph, plan, lines } = await graphOf([{ name: 'checked', definition: checked }], { readyMilliseconds: 1 });
    await graph.setUp(plan);
    await graph.start();
    expect(graph.ready()).toBe(false);
    expect(lines.at(-1)).toMatch(/^error not ready/);
    healthy = true;
    await expect.poll(() => graph.ready(), { timeout: 10_000 }).toBe(true);
    await graph.stop();
  });

  it('refuses hooks that come too late', async () => {
    let keep: Parameters<PluginDefinition['setup']>[0]['lifecycle'] | undefined;
    const { graph, plan } = await graphOf([{ name: 'late', definition: plugin('late', { setup: ({ lifecycle }) => { keep = lifecycle; return {}; } }) }]);
    await graph.setUp(plan);
    await graph.start();
    expect(() => keep?.onStart(() => Promise.resolve())).toThrow('late called lifecycle.onStart too late: it must be called during setup');
    expect(() => keep?.health('x', () => Promise.resolve({ ok: true }))).toThrow(KernelError);
    await graph.stop();
    expect(() => keep?.onStop(() => Promise.resolve())).toThrow(KernelError);
  });

  it('carries the plugin\'s name along its promises', async () => {
    let inside: string | undefined;
    const { graph, plan } = await graphOf([{ name: 'who', definition: plugin('who', { setup: ({ lifecycle }) => { lifecycle.onStart(async () => { await Promise.resolve(); inside = currentPlugin(); }); return {}; } }) }]);
    await graph.setUp(plan);
    await graph.start();
    expect([inside, currentPlugin()]).toEqual(['who', undefined]);
    await graph.stop();
  });

  it('cannot be set up or started twice', async () => {
    const { graph, plan } = await graphOf([]);
    await expect(graph.start()).rejects.toMatchObject({ code: 'KRN_LIFECYCLE' });
    await graph.setUp(plan);
    await expect(graph.setUp(plan)).rejects.toMatchObject({ code: 'KRN_LIFECYCLE' });
  });
});

describe('planGraph', () => {
  it('collects the problems of all steps at once', async () => {
    const { problems } = await planGraph({
      instances: [
        { name: 'a', definition: plugin('a', { requires: { greeter } }), with: { form: 'x' } },
        { name: 'a', definition: plugin('twin') },
        { name: 'b', use: '@acme/not-there', folder: '/nonexistent' },
        { name: 'c', definition: plugin('c', { provides: { s: steps } }), optional: true },
        { name: 'd' },
      ],
      indispensable: ['steps'],
    });
    expect(problems.map(({ code, path }) => `${code} ${path}`)).toEqual([
      'KRN_DUPLICATE plugins.a', 'KRN_UNKNOWN_KEY plugins.a.with.form', 'KRN_USE plugins.b', 'KRN_OPTIONAL plugins.c.optional', 'KRN_USE plugins.d', 'KRN_GRAPH_MISSING ',
    ]);
    expect(problems.at(-1)?.remedy).toBe('repair b, d, which could not be loaded');
  });

  it('refuses `optional` on a provider of a point for one', async () => {
    const { problems } = await planGraph({ instances: [{ name: 'a', definition: plugin('a', { provides: { greeter } }), optional: true }] });
    expect(problems).toMatchObject([{ code: 'KRN_OPTIONAL', message: 'cannot be optional: it provides "greeter", and a server running without it would be wrong' }]);
  });

  it('refuses a second instance of what can be there once, and says why and what to do', async () => {
    const once = definePlugin({ ...plugin('once'), once: { because: 'there is one chimney', remedy: 'keep one' } });
    const { problems } = await planGraph({ instances: [{ name: 'a', definition: once }, { name: 'off', definition: once, enabled: false }, { name: 'b', definition: once, optional: true }, { name: 'c', definition: plugin('c') }, { name: 'd', definition: plugin('c') }] });
    expect(problems).toEqual([{ code: 'KRN_GRAPH_TWICE', severity: 'error', file: 'config', line: undefined, path: 'plugins.b', message: 'is a second instance of @test/once beside a: there is one chimney', remedy: 'keep one' }]);
  });

  it('sets up in each process what runs there', async () => {
    const instances = [{ name: 'w', definition: plugin('w') }, { name: 'm', definition: plugin('m', { runsIn: 'master' }) }, { name: 'b', definition: plugin('b', { runsIn: 'both' }) }];
    const namesIn = async (process: 'single' | 'master' | 'worker') => (await planGraph({ instances, process })).order.map(({ name }) => name);
    expect([await namesIn('single'), await namesIn('master'), await namesIn('worker')]).toEqual([['w', 'm', 'b'], ['m', 'b'], ['w', 'b']]);
  });

  it('names the built-ins that could be enabled', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kalends-offer-'));
    const file = join(folder, 'hello.js');
    writeFileSync(file, 'export default { name: "hello", api: 1, summary: "", config: { safeParse() {} }, provides: { g: { id: "greeter", arity: "one" } }, requires: {}, setup() {} };');
    const builtins = new Map([['hello', { specifier: pathToFileURL(file).href, from: import.meta.url }], ['gone', { specifier: '@kalends/not-there', from: import.meta.url }]]);
    const { problems } = await planGraph({ instances: [{ name: 'a', definition: plugin('a', { requires: { greeter } }) }], builtins });
    rmSync(folder, { recursive: true });
    expect(problems).toMatchObject([{ code: 'KRN_GRAPH_MISSING', remedy: 'enable one of: hello' }]);
  });
});
