/** The description of a server (`serverinfo.xml`): its features, its variables, its patience, and what is dropped before calendar data are compared. */
import { readFile } from 'node:fs/promises';
import { elementsOf, firstOf, parseXml, textOf } from './xml-tree.ts';
import type { XmlElement } from './xml-tree.ts';

export interface ServerInfo {
  /** `http://host:port`, without a final slash. */ readonly plain: string;
  readonly tls: string;
  readonly authentication: 'basic';
  readonly features: ReadonlySet<string>;
  /** `$name:` → value, repeats written out. Values may name other variables. */ readonly variables: ReadonlyMap<string, string>;
  /** `PROP`, `PROP:PARAM` or `PROP=value`. */ readonly calendarFilters: readonly string[];
  /** How often a request that waits for a count is sent, and what is between two. */ readonly waitCount: number;
  readonly waitMilliseconds: number;
  /** How long a request that waits for success is repeated. */ readonly successMilliseconds: number;
}

/** @throws Error naming the file and what is wrong with it */
export async function readServerInfo(file: string, address?: string): Promise<ServerInfo> {
  const root = parseXml(await readFile(file, 'utf8'));
  if (root.name !== 'serverinfo') throw new Error(`${file}: expected <serverinfo>, found <${root.name}>`);
  const value = (name: string, otherwise: string): string => {
    const element = firstOf(root, name);
    return element === undefined ? otherwise : textOf(element).trim();
  };
  if (value('authtype', 'basic') !== 'basic') throw new Error(`${file}: the only authtype this runner knows is basic`);
  const host = value('host', 'localhost');
  const plain = address ?? `http://${host}:${value('nonsslport', '80')}`;
  const tls = `https://${new URL(plain).hostname}:${value('sslport', '443')}`;
  const variables = variablesOf(root);
  variables.set('$host:', plain).set('$hostssl:', tls).set('$host2:', plain).set('$hostssl2:', tls);
  for (const needed of ['$userid1:', '$pswd1:']) if (!variables.has(needed)) throw new Error(`${file}: no substitution of ${needed}, who sends requests that name nobody`);
  return {
    plain, tls, authentication: 'basic', variables,
    features: new Set(elementsOf(root, 'features').flatMap((list) => elementsOf(list, 'feature').map((one) => textOf(one).trim()))),
    calendarFilters: elementsOf(root, 'calendardatafilter').map((one) => textOf(one).trim()),
    waitCount: Number(value('waitcount', '120')), waitMilliseconds: Number(value('waitdelay', '0.25')) * 1000,
    successMilliseconds: Number(value('waitsuccess', '10')) * 1000,
  };
}

function variablesOf(root: XmlElement): Map<string, string> {
  const variables = new Map<string, string>();
  const add = (element: XmlElement, number?: number): void => {
    const [key, value] = ['key', 'value'].map((name) => { const found = firstOf(element, name); return found === undefined ? '' : textOf(found); });
    if (key !== '' && value !== '') variables.set(numbered(key!, number), numbered(value!, number));
  };
  for (const child of elementsOf(root, 'substitutions').flatMap((list) => elementsOf(list))) {
    if (child.name === 'substitution') add(child);
    else if (child.name === 'repeat') for (const one of elementsOf(child, 'substitution')) for (let number = 1; number <= Number(child.attributes.get('count') ?? '1'); number++) add(one, number);
  }
  return variables;
}

/** `%d`, `%02d` and `%%` of a repeat. */
function numbered(text: string, number: number | undefined): string {
  if (number === undefined) return text;
  return text.replaceAll(/%(?:(%)|(?:0(\d))?d)/g, (_all, percent: string | undefined, width: string | undefined) => percent ?? String(number).padStart(Number(width ?? '0'), '0'));
}
