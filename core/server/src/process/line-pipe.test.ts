import { setImmediate as turn } from 'node:timers/promises';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { LinePipe } from './line-pipe.ts';
import type { PipeEnd } from './line-pipe.ts';
import type { FromWorker } from './messages.ts';

function pipe(options: { readonly connected?: boolean; readonly fails?: boolean } = {}) {
  const sent: FromWorker[] = [];
  const fallback = new PassThrough();
  const end: PipeEnd = {
    connected: options.connected ?? true,
    send(message, callback) {
      sent.push(message);
      callback(options.fails === true ? new Error('closed') : null);
      return true;
    },
  };
  return { lines: new LinePipe(end, fallback), sent, fallback };
}

describe('LinePipe', () => {
  it('sends the lines of one turn together', async () => {
    const { lines, sent } = pipe();
    lines.errors.write('one\n');
    lines.access.write('GET /\n');
    lines.audit.write('{}\n');
    lines.errors.write('two\n');
    await turn();
    expect(sent).toEqual([{ caldavd: 'lines', errors: 'one\ntwo\n', access: 'GET /\n', audit: '{}\n' }]);
  });

  it('lets lines of the access log wait for each other, but not until they are many', async () => {
    const { lines, sent } = pipe();
    for (let request = 0; request < 3; request++) {
      lines.access.write('GET /\n');
      await turn();
    }
    expect(sent).toEqual([]);
    await expect.poll(() => sent).toEqual([{ caldavd: 'lines', errors: '', access: 'GET /\n'.repeat(3), audit: '' }]);
    lines.access.write('x'.repeat(40_000));
    await turn();
    expect(sent).toHaveLength(2);
  });

  it('flushes what waits, and nothing twice', async () => {
    const { lines, sent } = pipe();
    lines.errors.write('last words\n');
    await lines.flush();
    await lines.flush();
    await turn();
    expect(sent).toHaveLength(1);
  });

  it('falls back to standard error without a master', async () => {
    for (const given of [pipe({ connected: false }), pipe({ fails: true })]) {
      given.lines.errors.write('still said\n');
      given.lines.access.write('not this\n');
      given.lines.audit.write('{"as":"admin"}\n');
      await given.lines.flush();
      expect(String(given.fallback.read())).toBe('still said\n{"as":"admin"}\n');
    }
  });
});
