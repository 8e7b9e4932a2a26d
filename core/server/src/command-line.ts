/** The arguments of `caldavd` → options. Knows what they are called, not what they do. */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import type { ListenFlags } from './listen-flags.ts';

export interface Arguments {
  readonly file: string | undefined;
  readonly listen: ListenFlags;
  /** Config keys by path, for what else was given. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Log to the terminal instead of the error file. */
  readonly foreground: boolean;
  /** Read, check, report, and exit. */
  readonly check: boolean;
}

interface Given {
  readonly config?: string; readonly httpPort?: number; readonly httpsPort?: number; readonly data?: string; readonly bind?: string;
  readonly pidFile?: string; readonly foreground?: boolean; readonly check?: boolean;
}

/** @returns the arguments, or the exit code after help, the version or a complaint was printed */
export function readArguments(args: readonly string[], version: string, print: { out(text: string): void; error(text: string): void }): Arguments | number {
  const command = new Command('caldavd')
    .description('The Kalends calendar server.')
    .version(version, '-V, --version')
    .option('-f, --config <file>', 'config: YAML, or a classic property list (.plist); default: $KALENDS_CONFIG, /etc/caldavd/caldavd.yaml, /etc/caldavd/caldavd.plist, then the trial set-up')
    .option('--http-port <port>', 'listen for HTTP on this port; 0 takes a free one', port)
    .option('--https-port <port>', 'listen for HTTPS on this port, with a certificate of our own where the config names none', port)
    .option('--bind <host>', 'listen on this address instead of the configured ones')
    .option('--data <folder>', 'the data root')
    .option('--pid-file <file>', 'where to write the process id')
    .option('-X, --foreground', 'log to the terminal instead of the error file')
    .option('--check', 'check the config, say what is wrong with it, and exit')
    .allowExcessArguments(false)
    .configureOutput({ writeOut: print.out, writeErr: print.error })
    .exitOverride();
  try {
    command.parse([...args], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 64;
    throw error;
  }
  const given = command.opts<Given>();
  const listen = { httpPort: given.httpPort, httpsPort: given.httpsPort, bind: given.bind };
  return { file: given.config, listen, settings: settingsOf(given), foreground: given.foreground === true, check: given.check === true };
}

function settingsOf({ data, pidFile }: Given): Readonly<Record<string, unknown>> {
  return { ...(data === undefined ? {} : { 'server.data': data }), ...(pidFile === undefined ? {} : { 'process.pid-file': pidFile }) };
}

function port(text: string): number {
  const value = Number(text);
  if (!/^\d{1,5}$/.test(text) || value > 65_535) throw new InvalidArgumentError('a port is a number from 0 to 65535.');
  return value;
}
