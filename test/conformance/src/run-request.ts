/** Runs the requests of a script: HTTP's methods, and those that the format adds (delete everything, wait for a count, fetch what is new). */
import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Answer } from './answer.ts';
import { targetOf } from './exchange.ts';
import type { Exchanges } from './exchange.ts';
import { keep } from './grabs.ts';
import { closedBy } from './script.ts';
import type { BodyFile, ScriptRequest } from './script.ts';
import type { ServerInfo } from './server-info.ts';
import type { Variables } from './variables.ts';
import { verifiers } from './verifiers/index.ts';
import { descendantsOf, elementsOf, firstOf, parseXml, textOf } from './xml-tree.ts';

const LISTING = '<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="DAV:"><D:prop><D:getetag/><D:getlastmodified/></D:prop></D:propfind>';

export interface RunnerOptions {
  readonly info: ServerInfo; readonly exchanges: Exchanges; readonly variables: Variables;
  readonly files: (path: string) => Promise<Buffer>; readonly folder: string;
}

export interface Manner {
  /** Whether expectations count. */ readonly verify: boolean;
  /** Any status but 2xx is a complaint. */ readonly demandSuccess: boolean;
  /** Which repetition this is; from 1. */ readonly count?: number;
}

interface Account { readonly user: string; readonly password: string }
interface Listed { readonly href: string; readonly modified: number }

/** A folder to iterate over that is empty, or not there: the test is ignored. */
export class NothingToSend extends Error {
  override readonly name = 'NothingToSend';
}

export class RequestRunner {
  readonly #options: RunnerOptions;
  readonly #toDelete: { readonly uri: string; readonly account: Account }[] = [];
  readonly #found = new Set<string>();

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** Complaints; none: as expected. */
  async run(request: ScriptRequest, manner: Manner): Promise<readonly string[]> {
    if (closedBy(request.gate, this.#options.info.features) !== undefined) return [];
    const [method, argument] = splitMethod(request.method);
    const account = this.#account(request);
    const uris = request.uris.map((uri) => this.#uri(uri, manner.count ?? 1));
    switch (method) {
      case 'DELAY':
        await pause(Number(uris[0]) * 1000);
        return [];
      case 'DELETEALL':
        for (const uri of uris) await this.#deleteAll(uri, account);
        return [];
      case 'WAITCOUNT': case 'WAITDELETEALL':
        for (const uri of uris) {
          const last = await this.#waitForCount(uri, account, Number(argument));
          if (last !== undefined) return [`${uri} holds ${last}, waited for ${argument}`];
          if (method === 'WAITDELETEALL') await this.#deleteAll(uri, account);
        }
        return [];
      case 'GETNEW': case 'FINDNEW': case 'GETOTHER': case 'GETCONTAINS': {
        const href = await this.#find(method, uris[0]!, account, argument);
        if (request.grabs.uri !== undefined) this.#options.variables.grab(request.grabs.uri, href);
        if (href === '') return [`nothing new in ${uris[0]!}`];
        return method === 'FINDNEW' ? [] : this.#http({ ...request, method: 'GET', quote: false }, href, manner);
      }
      default: {
        const complaints = await this.#each(request, uris[0] ?? '', manner);
        if (request.deleteInTheEnd) this.#toDelete.push({ uri: uris[0]!, account });
        return complaints;
      }
    }
  }

  async deleteWhatWasKept(): Promise<void> {
    for (const { uri, account } of this.#toDelete) await this.#send('DELETE', targetOf(uri, true), account).catch(() => undefined);
  }

  /** Once, or for every file of the body's folder. */
  async #each(request: ScriptRequest, uri: string, manner: Manner): Promise<readonly string[]> {
    if (!request.iterateData || request.body === undefined) return this.#http(request, uri, manner);
    const found = await readdir(join(this.#options.folder, request.body.path)).catch((): readonly string[] => []);
    const names = found.filter((name) => !name.startsWith('.')).sort();
    if (names.length === 0) throw new NothingToSend(`${request.body.path} holds no data`);
    for (const name of names) {
      const complaints = await this.#http({ ...request, body: { ...request.body, path: join(request.body.path, name) } }, this.#uri(request.uris[0]!, manner.count ?? 1), manner);
      if (complaints.length > 0) return [name, ...complaints];
    }
    return [];
  }

  async #http(request: ScriptRequest, uri: string, manner: Manner): Promise<readonly string[]> {
    const { variables } = this.#options;
    const headers: Record<string, string> = {};
    for (const [name, value] of request.headers) headers[name] = variables.expand(value);
    const body = request.body === undefined ? undefined : await this.#body(request.body, manner.count ?? 1);
    if (request.body !== undefined) headers['Content-Type'] = variables.expand(request.body.contentType);
    const answer = await this.#send(request.method, targetOf(uri, request.quote), request.authenticate ? this.#account(request) : undefined, headers, body);
    const complaints = manner.verify ? await this.#verify(request, uri, answer) : [];
    const failed = manner.demandSuccess && Math.floor(answer.status / 100) !== 2 ? [`${request.method} ${uri}: HTTP status ${answer.status}${excerpt(answer)}`] : [];
    return [...complaints, ...failed, ...keep(request.grabs, answer, variables)];
  }

  async #verify(request: ScriptRequest, uri: string, answer: Answer): Promise<readonly string[]> {
    const { info, variables, files } = this.#options;
    const complaints: string[] = [];
    for (const { gate, verifier, values } of request.expectations) {
      if (closedBy(gate, info.features) !== undefined) continue;
      const verify = verifiers.get(verifier);
      if (verify === undefined) { complaints.push(`this runner knows no verifier ${verifier}`); continue; }
      const expanded = new Map([...values].map(([name, list]) => [name, list.map((value) => variables.expand(value))]));
      const readFile = async (path: string): Promise<string> => variables.expand((await files(path)).toString('utf8'));
      try {
        const found = await verify({ uri, answer, info, values: expanded, readFile });
        complaints.push(...found.map((complaint) => `${verifier}: ${complaint}`));
      } catch (error) {
        complaints.push(`${verifier}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return complaints.length === 0 ? [] : [...complaints, `got HTTP ${answer.status}${excerpt(answer)}`];
  }

  /** In a query two asterisks stay what they are. */
  #uri(uri: string, count: number): string {
    return this.#options.variables.expand(uri).replace(/^[^?]*/, (path) => path.replaceAll('**', () => randomUUID())).replaceAll('##', String(count));
  }

  #account({ user, password }: ScriptRequest): Account {
    const { variables } = this.#options;
    return { user: variables.expand(user === '' ? '$userid1:' : user), password: variables.expand(password === '' ? '$pswd1:' : password) };
  }

  /** Octets stay as the file has them, whatever their encoding; variables are replaced in UTF-8. */
  async #body(file: BodyFile, count: number): Promise<Buffer> {
    const { variables, files } = this.#options;
    const octets = await files(file.path);
    if (!octets.includes('$') && !file.generate) return octets;
    const bytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
    let text = octets.toString('latin1');
    for (const [name, value] of file.substitutes) text = text.replaceAll(name, () => bytes(variables.expand(value)));
    text = text.replaceAll('$request_count:', String(count)).replaceAll(/\$[_a-zA-Z][_a-zA-Z0-9.-]*:/g, (name) => bytes(variables.expand(name)));
    return Buffer.from(file.generate && file.contentType.startsWith('text/calendar') ? generated(text, count) : text, 'latin1');
  }

  #send(method: string, target: string, account?: Account, headers: Readonly<Record<string, string>> = {}, body: Uint8Array = new Uint8Array()): Promise<Answer> {
    const credentials = account === undefined ? {} : { Authorization: `Basic ${Buffer.from(`${account.user}:${account.password}`).toString('base64')}` };
    return this.#options.exchanges.send({ method, target, headers: { 'User-Agent': 'caldav-conformance', ...headers, ...credentials }, body });
  }

  async #list(uri: string, account: Account): Promise<readonly Listed[] | undefined> {
    const answer = await this.#send('PROPFIND', targetOf(uri, true), account, { Depth: '1', 'Content-Type': 'text/xml' }, Buffer.from(LISTING));
    if (answer.status !== 207) return undefined;
    return elementsOf(parseXml(answer.body), '{DAV:}response').map((response) => {
      const modified = descendantsOf(response, '{DAV:}getlastmodified')[0];
      const href = firstOf(response, '{DAV:}href');
      return { href: href === undefined ? '' : textOf(href).trim(), modified: modified === undefined ? 0 : Date.parse(textOf(modified)) || 0 };
    });
  }

  async #deleteAll(uri: string, account: Account): Promise<void> {
    for (const { href } of await this.#list(uri, account) ?? []) if (!sameResource(href, uri)) await this.#send('DELETE', targetOf(href, false), account);
  }

  /** The last count, if the one waited for never came. */
  async #waitForCount(uri: string, account: Account, count: number): Promise<number | undefined> {
    const { waitCount, waitMilliseconds } = this.#options.info;
    let last = -1;
    for (let round = 0; round < waitCount; round++) {
      last = (await this.#list(uri, account) ?? []).length - 1;
      if (last === count) return undefined;
      await pause(waitMilliseconds);
    }
    return last;
  }

  /** What was last modified in a collection, or of several the one not found before; beside one resource; or what contains a text. Empty: none. */
  async #find(method: string, uri: string, account: Account, part: string): Promise<string> {
    const collection = method === 'GETOTHER' ? uri.slice(0, uri.lastIndexOf('/') + 1) : uri;
    const members = (await this.#list(collection, account) ?? []).filter(({ href }) => !sameResource(href, collection) && !(method === 'GETOTHER' && sameResource(href, uri)));
    if (method === 'GETCONTAINS') {
      for (const { href } of members) if ((await this.#send('GET', targetOf(href, false), account)).body.includes(part)) return href;
      return '';
    }
    const latest = Math.max(...members.map((one) => one.modified));
    const candidates = members.filter((one) => one.modified === latest);
    const unseen = candidates.filter((one) => !this.#found.has(one.href));
    const found = candidates.length === 1 ? candidates[0]! : unseen.length === 1 ? unseen[0]! : undefined;
    if (found !== undefined) this.#found.add(found.href);
    return found?.href ?? '';
  }
}

function splitMethod(method: string): readonly [name: string, argument: string] {
  const at = method.indexOf(' ');
  return at < 0 ? [method, ''] : [method.slice(0, at), method.slice(at + 1)];
}

function sameResource(href: string, uri: string): boolean {
  const plain = (text: string): string => { try { return decodeURIComponent(text); } catch { return text; } };
  return plain(href).replace(/\/+$/, '') === plain(uri).replace(/\/+$/, '');
}

/** A new UID, the repetition in the summary, today in place of the file's days. */
function generated(text: string, count: number): string {
  const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  return text.replaceAll(/^UID:.*$/gm, () => `UID:${randomUUID()}`).replaceAll(/^SUMMARY:(.*?)\r?$/gm, (_all, summary: string) => `SUMMARY:${summary} #${count}`)
    .replaceAll(/^((?:DTSTART|DTEND);[^:\r\n]*):\d{8}/gm, (_all, head: string) => `${head}:${today}`);
}

function excerpt({ body }: Answer): string {
  return body === '' ? '' : `: ${body.slice(0, 1500)}`;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, milliseconds); });
}
