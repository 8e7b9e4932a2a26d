import { describe, expect, it } from 'vitest';
import { HealthBoard } from './health.ts';
import { PluginLifecycle } from './lifecycle.ts';

describe('HealthBoard', () => {
  it('reports each check, a throwing one as failed, and what is fixed', async () => {
    const plugin = new PluginLifecycle('store');
    plugin.health('disk', () => Promise.resolve({ ok: true, detail: '12 GiB free' }));
    plugin.health('index', () => { throw new Error('gone'); });
    const board = new HealthBoard([plugin], [{ instance: 'mail', name: 'plugin', ok: false, detail: 'failed' }]);
    expect(await board.check()).toEqual([
      { instance: 'store', name: 'disk', ok: true, detail: '12 GiB free' }, { instance: 'store', name: 'index', ok: false, detail: 'gone' }, { instance: 'mail', name: 'plugin', ok: false, detail: 'failed' },
    ]);
  });

  it('asks once for many who ask at a time, and again after a second', async () => {
    let asked = 0;
    let now = 0;
    const plugin = new PluginLifecycle('store');
    plugin.health('disk', () => Promise.resolve({ ok: ++asked > 0 }));
    const board = new HealthBoard([plugin], [], () => now);
    await Promise.all([board.check(), board.check()]);
    now = 999;
    await board.check();
    expect(asked).toBe(1);
    now = 1_000;
    await board.check();
    expect(asked).toBe(2);
  });

  it('counts no answer within two seconds as failed', async () => {
    const plugin = new PluginLifecycle('ldap');
    let aborted = false;
    plugin.health('bind', (signal) => new Promise(() => { signal.addEventListener('abort', () => { aborted = true; }); }));
    expect(await new HealthBoard([plugin], []).check()).toEqual([{ instance: 'ldap', name: 'bind', ok: false, detail: 'no answer within 2 s' }]);
    expect(aborted).toBe(true);
  });
});
