/**
 * What the scripts do to the server that they test, by `POST /control`: change who is in a group, wait until the directory and what was caused by a change have come to rest.
 * It is the deployment's directory: the file that it is given, as a copy of its own that goes with the process, so that no script changes the file itself.
 * A plugin of this folder alone: nobody else should have such a door.
 */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { TextDecoder } from 'node:util';
import { clock, credentialSource, directory, directorySource, httpFeature, jobLog } from '@kalends/contracts';
import directoryFile from '@kalends/directory-file';
import { authentication, isRefusal, readBody } from '@kalends/http';
import { definePlugin } from '@kalends/kernel';
import { parseDocument } from 'yaml';
import { z } from 'zod';

const BODY_OCTETS = 65_536;
/** Longer than the directory takes to look at its file again. */
const READ_AGAIN_MILLISECONDS = 400;
const PATIENCE_MILLISECONDS = 10_000;

const request = z.union([
  z.object({ action: z.enum(['addgroupmembers', 'removegroupmembers']), group: z.string(), members: z.array(z.string()) }),
  z.object({ action: z.enum(['refreshgroups', 'schedulingdone']), wait: z.boolean().optional() }),
]);

/** Of this process, once the directory is set up. */
let copy;

export default definePlugin({
  name: '@kalends/conformance-people', api: 1, summary: 'The suite\'s accounts: a copy of the directory file.',
  config: z.strictObject({ file: z.string() }),
  provides: { source: directorySource, credentials: credentialSource },
  requires: { clock },

  async setup(given) {
    const folder = await mkdtemp(join(tmpdir(), 'kalends-control-'));
    given.lifecycle.onStop(() => rm(folder, { recursive: true, force: true }));
    copy = join(folder, 'directory.yaml');
    await copyFile(given.config.file, copy);
    return await directoryFile.setup({ ...given, config: { file: copy, demo: true, realm: undefined } });
  },
});

/** Apart, since it asks who somebody is, and the directory is asked for that. */
export const control = definePlugin({
  name: '@kalends/conformance-control', api: 1, summary: 'POST /control of the CalDAVTester suite.',
  config: z.strictObject({}),
  provides: { control: httpFeature },
  requires: { clock, authentication, jobs: jobLog, directory },

  setup({ deps }) {
    const door = new Control(copy, deps);
    return { control: { kind: 'exchange', prefix: '/control', handle: (exchange) => door.handle(exchange) } };
  },
});

class Control {
  #file;
  #deps;

  constructor(file, deps) {
    this.#file = file;
    this.#deps = deps;
  }

  /** Administrators alone. */
  async handle(exchange) {
    const identity = await this.#deps.authentication.identify(exchange);
    if (isRefusal(identity) || identity.principal === undefined) {
      exchange.response.setHeader('WWW-Authenticate', await this.#deps.authentication.challenge(exchange));
      return answer(exchange, 401, { result: 'error', description: 'log in first' });
    }
    if (!identity.admin) return answer(exchange, 403, { result: 'error', description: 'for administrators' });
    if (exchange.request.method !== 'POST') return answer(exchange, 405, { result: 'error', description: 'POST only' });
    const parsed = request.safeParse(parse(await readBody(exchange, BODY_OCTETS)));
    if (!parsed.success) return answer(exchange, 400, { result: 'error', description: z.prettifyError(parsed.error) });
    const done = await this.#act(parsed.data);
    return done === undefined ? answer(exchange, 200, { result: 'ok' }) : answer(exchange, 400, { result: 'error', description: done });
  }

  /** @returns what is wrong, where something is */
  async #act({ action, group, members }) {
    switch (action) {
      case 'refreshgroups': await pause(READ_AGAIN_MILLISECONDS); return undefined;
      case 'schedulingdone': return await this.#atRest();
      default: return await this.#changeMembers(group, new Set(members), action === 'addgroupmembers');
    }
  }

  async #changeMembers(id, named, isIn) {
    const document = parseDocument(await readFile(this.#file, 'utf8'));
    const records = [...document.get('users').items, ...document.get('groups').items];
    const nameOf = new Map(records.map((record) => [record.get('id'), record.get('name')]));
    const group = document.get('groups').items.find((record) => record.get('id') === id);
    const unknown = [...named].find((member) => !nameOf.has(member));
    if (group === undefined || unknown !== undefined) return `nobody has the id ${group === undefined ? id : unknown}`;
    const names = new Set([...named].map((member) => nameOf.get(member)));
    const present = (group.get('members')?.items ?? []).map(({ value }) => value).filter((member) => !names.has(member) && !named.has(member));
    group.set('members', document.createNode(isIn ? [...present, ...names] : present, { flow: true }));
    await writeFile(this.#file, document.toString({ lineWidth: 0 }));
    await pause(READ_AGAIN_MILLISECONDS);
    return undefined;
  }

  async #atRest() {
    for (const end = Date.now() + PATIENCE_MILLISECONDS; Date.now() < end; await pause(50)) {
      const now = Math.floor(this.#deps.clock.now() / 1000);
      if ((await this.#deps.jobs.list({}, undefined, 100)).every(({ notBefore }) => notBefore > now)) return undefined;
    }
    return 'jobs are still waiting';
  }
}

function parse(body) {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

function answer({ response }, status, value) {
  const body = JSON.stringify(value);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }).end(body);
}
