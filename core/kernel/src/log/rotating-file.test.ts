/** What becomes of lines when the disk is full: a day's file that leads to the device that always is. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RotatingFile } from './rotating-file.ts';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'kalends-log-')); });
afterEach(() => { rmSync(folder, { recursive: true, force: true }); });

const end = (file: RotatingFile): Promise<void> => new Promise((resolve) => { file.end(resolve); });
const today = (): string => {
  const [now, two] = [new Date(), (value: number) => String(value).padStart(2, '0')];
  return `${String(now.getFullYear())}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
};

it('writes for administrators alone to read, and has written all when it has ended', async () => {
  mkdirSync(join(folder, 'logs'));
  const file = new RotatingFile(join(folder, 'logs', 'access.log'));
  file.write('one\n');
  await end(file);
  expect(readFileSync(join(folder, 'logs', 'access.log'), 'utf8')).toBe('one\n');
  expect(statSync(join(folder, 'logs', 'access.log')).mode & 0o777).toBe(0o640);
});

it('goes on after a full disk, and hands over the lines that it cannot write meanwhile', async () => {
  const day = join(folder, `access.log.${today()}`);
  symlinkSync('/dev/full', day);
  const lost: string[] = [];
  const file = new RotatingFile(join(folder, 'access.log'), undefined, (text) => { lost.push(text); });
  const say = async (text: string): Promise<void> => {
    file.write(text);
    await delay(20);
  };
  await expect.poll(async () => {
    await say('meanwhile\n');
    return lost;
  }, { timeout: 20_000 }).toContain('meanwhile\n');
  rmSync(day);
  await expect.poll(async () => {
    await say('after\n');
    return readFileSync(day, 'utf8');
  }, { timeout: 20_000 }).toContain('after\n');
  await end(file);
  expect(readFileSync(day, 'utf8')).not.toContain('meanwhile');
});
