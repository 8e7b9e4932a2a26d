/** Negotiate fields by the dozen, each with a token of its own: made in a child process, since Kerberos reads whose tickets they are from the environment. */
import { fork } from 'node:child_process';

export interface Tickets extends Disposable {
  /** Makes so many, to be taken one by one. */ prepare(count: number): Promise<void>;
  take(): string;
}

const MAKER = new URL(import.meta.url.endsWith('.ts') ? './ticket-maker.ts' : './ticket-maker.js', import.meta.url);

export function startTickets(environment: Readonly<Record<string, string>>): Tickets {
  const child = fork(MAKER, { env: { ...process.env, ...environment } });
  const fields: string[] = [];
  let waiting: PromiseWithResolvers<undefined> | undefined;
  child.on('message', (made) => {
    fields.push(...made as readonly string[]);
    waiting?.resolve(undefined);
  });
  child.once('exit', () => { waiting?.reject(new Error('no Kerberos tokens could be made')); });
  return {
    prepare: async (count) => {
      waiting = Promise.withResolvers<undefined>();
      child.send(count);
      await waiting.promise;
    },
    take: () => fields.pop() ?? 'Negotiate none',
    [Symbol.dispose]: () => { child.kill(); },
  };
}
