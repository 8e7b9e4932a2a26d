import { afterEach, expect, it, vi } from 'vitest';
import { main } from './main.ts';

afterEach(() => { vi.restoreAllMocks(); });

it.each([
  [['--url', 'http://192.0.2.1/calendars/'], 'loopback targets only'],
  [['--url', 'http://localhost.example.com/'], 'loopback targets only'],
  [['--url', 'http://127.0.0.1/', '--ops', 'get,dance'], 'unknown operation dance'],
  [['--url', 'http://127.0.0.1/', '--auth', 'bearer'], 'unknown --auth bearer'],
  [['--url', 'http://127.0.0.1/', '--n', 'many'], '--n wants numbers above 0'],
  [['compare', '--peer', 'nobody'], '--peer is one of'],
  [['contrast'], 'no command contrast'],
  [['--speed'], '--speed'],
  [[], '--url or `compare` is wanted'],
])('refuses %j with a sentence and exit code 2', async (args, sentence) => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  expect(await main(args)).toBe(2);
  expect(said.mock.calls.join()).toContain(sentence);
});

it('tells what it can do', async () => {
  const said = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  expect(await main(['--help'])).toBe(0);
  expect(said.mock.calls.join()).toContain('compare --peer');
});
