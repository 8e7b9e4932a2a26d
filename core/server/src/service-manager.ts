/**
 * Tells systemd of R62's unit (`Type=notify`) when requests are answered, when a reload begins and ends, and when stopping begins (sd_notify(3)). The manager's
 * socket takes datagrams, which Node cannot send, so systemd's own program carries them. Where no manager asked (`NOTIFY_SOCKET`), nothing happens. A message that
 * cannot be sent is logged and harms nobody: the manager has its own time-outs.
 */
import { execFile } from 'node:child_process';
import { reasonOf, type Logger } from '@kalends/kernel';

export interface ServiceManager {
  ready(status: string): Promise<void>;
  reloading(): Promise<void>;
  stopping(): Promise<void>;
}

const NOBODY: ServiceManager = { ready: () => Promise.resolve(), reloading: () => Promise.resolve(), stopping: () => Promise.resolve() };
const PATIENCE_MILLISECONDS = 5_000;

export function serviceManager(environment: Readonly<Record<string, string | undefined>>, log: Logger, program = 'systemd-notify'): ServiceManager {
  const socket = environment['NOTIFY_SOCKET'];
  if (socket === undefined || socket === '') return NOBODY;
  // One after the other: a manager that hears "ready" before "reloading" waits for the next.
  let before = Promise.resolve();
  const tell = (...state: readonly string[]): Promise<void> => {
    before = before.then(() => new Promise((resolve) => {
      execFile(program, state, { env: { ...environment, NOTIFY_SOCKET: socket }, timeout: PATIENCE_MILLISECONDS }, (error) => {
        if (error !== null) log.warn('the service manager could not be told', { state: state[0], reason: reasonOf(error) });
        resolve();
      });
    }));
    return before;
  };
  return {
    ready: (status) => tell('READY=1', `STATUS=${oneLine(status)}`, `MAINPID=${process.pid}`),
    reloading: () => tell('RELOADING=1', 'STATUS=reading the config again'),
    stopping: () => tell('STOPPING=1', 'STATUS=requests in flight are answered'),
  };
}

/** A line break would begin a message of its own. */
const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');
