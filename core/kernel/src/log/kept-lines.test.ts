import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KeptLines } from './kept-lines.ts';

let folder: string;
let file: string;
let now: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kalends-kept-'));
  file = join(folder, 'deep', 'audit.log');
  now = new Date(2026, 2, 10, 12).getTime();
});
afterEach(() => { rmSync(folder, { recursive: true }); });

interface Given { readonly lines: KeptLines; readonly said: unknown[] }
function given(rotation = { maxOctets: 1_000_000, keepDays: 2 }): Given {
  const said: unknown[] = [];
  const lines = new KeptLines({ file, rotation, now: () => now, lost: (lost, error, isFirst) => { said.push([lost, (error as NodeJS.ErrnoException).code, isFirst]); }, found: () => { said.push('found'); } });
  return { lines, said };
}
const names = (): readonly string[] => readdirSync(join(folder, 'deep')).sort();
async function say(lines: KeptLines, ...texts: readonly string[]): Promise<void> {
  for (const text of texts) lines.write(text);
  await lines.close();
}

describe('lines that are kept', () => {
  it('are in a file of the day, in order, and the plain name is the newest', async () => {
    const { lines, said } = given();
    await say(lines, 'a', 'b\r\nforged', 'c');
    now += 86_400_000;
    await say(lines, 'd');
    expect(names()).toEqual(['audit.log', 'audit.log.2026-03-10', 'audit.log.2026-03-11']);
    expect(readFileSync(join(folder, 'deep', 'audit.log.2026-03-10'), 'utf8')).toBe('a\nb forged\nc\n');
    expect([readFileSync(file, 'utf8'), readlinkSync(file), statSync(file).mode & 0o777]).toEqual(['d\n', 'audit.log.2026-03-11', 0o640]);
    expect(said).toEqual([]);
  });

  it('go to the next file when one is full, also after a restart, and those of long ago go', async () => {
    for (const [line, days] of [['1'.repeat(20), 0], ['2'.repeat(20), 0], ['3'.repeat(20), 1], ['4'.repeat(20), 4]] as const) {
      now += days * 86_400_000;
      await say(given({ maxOctets: 10, keepDays: 2 }).lines, line);
    }
    expect(names()).toEqual(['audit.log', 'audit.log.2026-03-15']);
    now = new Date(2026, 2, 15, 13).getTime();
    await say(given({ maxOctets: 10, keepDays: 2 }).lines, '5');
    expect(names()).toEqual(['audit.log', 'audit.log.2026-03-15', 'audit.log.2026-03-15.1']);
  });

  it('are those of several processes, none mixed', async () => {
    const both = [given().lines, given().lines];
    await Promise.all(both.map(async (lines, who) => { for (let index = 0; index < 50; index++) await say(lines, `${String(who)}-${String(index)} ${'x'.repeat(200)}`); }));
    const found = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(found).toHaveLength(100);
    expect(found.every((line) => /^[01]-\d+ x{200}$/.test(line))).toBe(true);
  });

  it('are handed back when they cannot be written, told once, and go on in a line of their own', async () => {
    const { lines, said } = given();
    writeFileSync(join(folder, 'deep'), '');
    await lines.open();
    await say(lines, 'a');
    await say(lines, 'b');
    expect(said).toEqual([[[], 'EEXIST', true], [['a'], 'EEXIST', false], [['b'], 'EEXIST', false]]);
    rmSync(join(folder, 'deep'));
    await say(lines, 'c');
    expect([said.at(-1), readFileSync(file, 'utf8')]).toEqual(['found', 'c\n']);
    // A full disk leaves half a line.
    rmSync(join(folder, 'deep', 'audit.log.2026-03-10'));
    mkdirSync(join(folder, 'deep', 'audit.log.2026-03-10'));
    await say(lines, 'lost');
    expect(said.at(-1)).toEqual([['lost'], 'EISDIR', true]);
    rmSync(join(folder, 'deep', 'audit.log.2026-03-10'), { recursive: true });
    writeFileSync(join(folder, 'deep', 'audit.log.2026-03-10'), 'c\nhal');
    await say(lines, 'e');
    expect(readFileSync(file, 'utf8')).toBe('c\nhal\ne\n');
    rmSync(join(folder, 'deep'), { recursive: true });
    await say(lines, 'd');
    expect(readFileSync(file, 'utf8')).toBe('d\n');
  });

  it('leave alone what has the plain name and is no link', async () => {
    const { lines } = given();
    await lines.open();
    rmSync(file);
    writeFileSync(file, 'mine');
    now += 86_400_000;
    await say(lines, 'a');
    expect([readFileSync(file, 'utf8'), readFileSync(`${file}.2026-03-11`, 'utf8')]).toEqual(['mine', 'a\n']);
  });
});
