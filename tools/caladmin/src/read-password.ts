/** A password from a person, unseen, or from standard input, where a script puts it. Never from an argument: those are in every list of processes. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** Undefined: there is no terminal to ask at, or it was left with Ctrl-C. */
export function askPassword(prompt: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return Promise.resolve(undefined);
  const silent = new Writable({ write: (_chunk, _encoding, done) => { done(); } });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true, historySize: 0 });
  process.stderr.write(prompt);
  return new Promise((resolve) => {
    const end = (answer: string | undefined): void => {
      process.stderr.write('\n');
      lines.removeAllListeners();
      lines.close();
      resolve(answer);
    };
    lines.once('SIGINT', () => { end(undefined); });
    lines.once('close', () => { end(undefined); });
    lines.question('', end);
  });
}

/** The first line, without its end. */
export async function readPassword(input: NodeJS.ReadableStream = process.stdin): Promise<string> {
  let text = '';
  for await (const chunk of input.setEncoding('utf8')) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0]!.replace(/\r$/, '');
}
