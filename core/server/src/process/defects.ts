/**
 * What nobody caught. The process is then in a state nobody designed: it is logged with the plugin on whose behalf it ran, where that is known, the process drains
 * and exits 70, and a supervisor starts another.
 */
import { currentPlugin } from '@kalends/kernel';
import type { Logger } from '@kalends/kernel';

/** EX_SOFTWARE of sysexits(3). */
export const DEFECT = 70;

/** @returns what takes the handlers away again */
export function onDefect(log: Logger, drain: () => Promise<void>): () => void {
  let leaving = false;
  const handle = (kind: string) => (error: unknown): void => {
    log.error(`${kind}: a defect; the server drains and exits`, { plugin: currentPlugin(), error });
    if (leaving) return;
    leaving = true;
    void drain().finally(() => process.exit(DEFECT));
  };
  const exception = handle('uncaught exception');
  const rejection = handle('unhandled rejection');
  process.on('uncaughtException', exception);
  process.on('unhandledRejection', rejection);
  return () => {
    process.off('uncaughtException', exception);
    process.off('unhandledRejection', rejection);
  };
}
