/** The writer thread: unpacks requests for a WriterCore and packs what became ready meanwhile into one message. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Change } from '../change/change.ts';
import { noFiles } from '../writer-files.ts';
import type { Reply, Request, ThreadData } from './messages.ts';
import { WriterCore, type CreateFiles } from './writer-core.ts';

if (parentPort === null) throw new Error('this module is a worker thread');
const port = parentPort;
const { options, filesModule, filesOptions } = workerData as ThreadData;
const outbox: Reply[] = [];

function send(reply: Reply): void {
  outbox.push(reply);
  if (outbox.length === 1) setImmediate(() => { port.postMessage(outbox.splice(0)); });
}

const { createFiles } = filesModule === undefined ? { createFiles: noFiles } : await import(filesModule) as { readonly createFiles: CreateFiles };
const core = new WriterCore(options, createFiles, filesOptions, {
  reopened: (shard) => { send({ kind: 'reopened', shard }); },
  fatal: (error) => { send({ kind: 'fatal', error }); },
  failed: (error) => { send({ kind: 'failed', error }); },
});
const held = new Map<number, (change: Change | undefined) => void>();

port.on('message', (requests: readonly Request[]) => {
  for (const request of requests) {
    if (request.kind === 'held-change') held.get(request.id)?.(request.change);
    else answer(request).then((value) => { send({ id: request.id, kind: 'result', value }); }, (error: unknown) => {
      send({ id: request.id, kind: 'error', error, name: error instanceof Error ? error.name : '' });
    });
  }
});
send({ kind: 'ready' });

function answer(request: Exclude<Request, { readonly kind: 'held-change' }>): Promise<unknown> {
  switch (request.kind) {
    case 'change': return core.change(request.shard, request.change, request.deadline);
    case 'hold': return core.held(request.shard, request.deadline, () => new Promise((resolve) => {
      held.set(request.id, resolve);
      send({ id: request.id, kind: 'held' });
    })).finally(() => { held.delete(request.id); });
    case 'task': return core.task(request.shard, request.name, request.payload);
    case 'state': return core.state(request.task);
    case 'checkpoint': return core.checkpoint();
    // The answer leaves in the next turn; then nothing keeps the thread.
    case 'close': return core.close().finally(() => { setImmediate(() => { setImmediate(() => { port.close(); }); }); });
  }
}
