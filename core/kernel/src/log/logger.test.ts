import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Redactor } from '../config/secret.ts';
import type { Logger } from '../plugin/define-plugin.ts';
import { lineFile, lineStream } from './line-file.ts';
import { createLog } from './logger.ts';
import type { LogOptions } from './logger.ts';

async function written(options: Partial<LogOptions>, run: (log: Logger) => void): Promise<string> {
  const stream = new PassThrough();
  const { log, close } = createLog({ level: 'info', format: 'text', stream, ...options });
  run(log);
  await close();
  return (stream.read() as Buffer | null)?.toString('utf8') ?? '';
}

describe('createLog', () => {
  it('writes one line an entry: time, level, plugin, message, fields', async () => {
    const text = await written({}, (log) => { log.child({ plugin: 'main-store' }).info('opened', { shards: 3, path: '/var/x', note: 'two words' }); });
    expect(text).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z info {2}main-store: opened shards=3 path=\/var\/x note="two words"\n$/);
  });

  it('leaves out what is below the level', async () => {
    const say = (log: Logger): void => { log.debug('d'); log.info('i'); log.child({}).warn('w'); };
    expect((await written({ level: 'warn' }, say)).trim()).toMatch(/warn {2}w$/);
    expect((await written({ level: 'debug' }, say)).split('\n')).toHaveLength(4);
  });

  it('writes an error with its stack and cause, and JSON where asked', async () => {
    const error = new Error('outer', { cause: new Error('inner') });
    expect(await written({}, (log) => { log.error('failed', { error }); })).toMatch(/error failed error="outer"\nError: outer\n {4}at /);
    const entry = JSON.parse(await written({ format: 'json' }, (log) => { log.child({ plugin: 'a' }).error('failed', { error }); })) as object;
    expect(entry).toMatchObject({ level: 'error', plugin: 'a', message: 'failed', error: { message: 'outer', cause: { message: 'inner' } } });
  });

  it('hides secrets by the name of a field and wherever a known one appears', async () => {
    const redactor = new Redactor();
    redactor.learn('hunter2hunter2');
    const text = await written({ redactor }, (log) => {
      log.info('login with hunter2hunter2', { password: 'abc', headers: { Authorization: 'Basic abc', accept: 'x' }, error: new Error('bad hunter2hunter2') });
    });
    expect(text).not.toMatch(/hunter2|abc/);
    expect(text).toContain('login with (secret)');
    expect(text).toContain('"accept":"x"');
  });

  it('keeps one entry one line, whatever a client sent', async () => {
    const text = await written({}, (log) => { log.warn('bad path /a\n2026-01-01 error forged', { agent: 'x\ny' }); });
    expect(text.trimEnd().split('\n')).toHaveLength(1);
  });

  it.each(['text', 'json'] as const)('lets nothing through that a terminal obeys, as %s', async (format) => {
    const text = await written({ format }, (log) => { log.warn('no account "a\u001b[2J\u009b31m\u2028b"', { error: new Error('\u0085x') }); });
    expect(text).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]/);
    expect(text).toContain('[2J');
  });

  it('bounds what it takes from a field', async () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    const text = await written({ format: 'json' }, (log) => { log.info('big', { loop, body: new Uint8Array(5), long: 'x'.repeat(9_000), big: 5n, fn: () => 1 }); });
    expect(text.length).toBeLessThan(9_000);
    expect(JSON.parse(text)).toMatchObject({ body: '(5 octets)', big: '5' });
  });
});

describe('files of log lines', () => {
  it('writes the error log to a file whose newest has the plain name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kalends-log-'));
    const { log, close } = createLog({ level: 'info', format: 'text', file: join(folder, 'deep', 'error.log') });
    log.info('hello');
    await close();
    expect(readFileSync(join(folder, 'deep', 'error.log'), 'utf8')).toContain('hello');
    rmSync(folder, { recursive: true });
  });

  it('begins a new file when one has grown to its size', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kalends-log-'));
    const files = (): readonly string[] => readdirSync(folder).filter((name) => /^access\.log\.\d/.test(name));
    const all = (): readonly string[] => files().flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n')).filter((line) => line !== '');
    const lines = lineFile(join(folder, 'access.log'), { maxOctets: 1_024, keepDays: 2 });
    for (let index = 0; index < 40; index++) {
      lines.write(`${index} ${'x'.repeat(100)}\nforged`);
      // Files change between writes, and lines of a moment are one.
      if (index === 19) await expect.poll(() => all().length).toBe(20);
    }
    await lines.close();
    // The files that were full close by themselves.
    await expect.poll(() => all().length).toBe(40);
    expect(files().length).toBeGreaterThan(1);
    expect(existsSync(join(folder, 'access.log'))).toBe(true);
    rmSync(folder, { recursive: true });
  });

  it('writes plain lines to a stream', async () => {
    const stream = new PassThrough();
    lineStream(stream).write('a\r\nb');
    await Promise.resolve();
    expect(String(stream.read())).toBe('a b\n');
  });
});
