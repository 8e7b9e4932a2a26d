/** A script of the CalDAVTester format as data: suites of tests, tests of requests, requests with what is expected of the answer. Reads; runs nothing. */
import { readFile } from 'node:fs/promises';
import { elementsOf, firstOf, hasAttribute, parseXml, textOf } from './xml-tree.ts';
import type { XmlElement } from './xml-tree.ts';

export interface Gate { readonly required: readonly string[]; readonly excluded: readonly string[] }

export interface Expectation { readonly gate: Gate; readonly verifier: string; readonly values: ReadonlyMap<string, readonly string[]> }

export interface BodyFile {
  readonly contentType: string;
  /** Relative to the suite's folder; with `iterate-data`, a folder. */ readonly path: string;
  /** A new UID and today's date in place of the file's. */ readonly generate: boolean;
  readonly substitutes: readonly (readonly [name: string, value: string])[];
}

/** What is kept of an answer for later requests. `elements`, `properties`: by Clark name or path. */
export interface Grabs {
  readonly uri: string | undefined; readonly count: string | undefined;
  readonly headers: readonly (readonly [name: string, variable: string])[];
  readonly properties: readonly (readonly [name: string, variable: string])[];
  readonly elements: readonly { readonly path: string; readonly parent: string | undefined; readonly variables: readonly string[] }[];
  readonly calendarProperties: readonly (readonly [path: string, variable: string])[];
  readonly calendarParameters: readonly (readonly [path: string, variable: string])[];
}

export interface ScriptRequest {
  readonly gate: Gate;
  /** An HTTP method, or one of the format's own: DELETEALL, DELAY, GETNEW, FINDNEW, GETOTHER, GETCONTAINS …, WAITCOUNT n, WAITDELETEALL n. */ readonly method: string;
  readonly uris: readonly string[];
  /** False: the URI is sent as it stands. */ readonly quote: boolean;
  readonly authenticate: boolean;
  /** Empty: the first user. */ readonly user: string; readonly password: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: BodyFile | undefined;
  readonly iterateData: boolean; readonly waitForSuccess: boolean; readonly deleteInTheEnd: boolean;
  readonly expectations: readonly Expectation[];
  readonly grabs: Grabs;
}

export interface ScriptTest { readonly name: string; readonly description: string; readonly gate: Gate; readonly ignored: boolean; readonly count: number; readonly requests: readonly ScriptRequest[] }
export interface Suite { readonly name: string; readonly gate: Gate; readonly ignored: boolean; readonly changeUids: boolean; readonly tests: readonly ScriptTest[] }
export interface Script {
  readonly description: string; readonly gate: Gate;
  /** Not part of "everything"; only when it is named. */ readonly ignoredUnlessNamed: boolean;
  readonly start: readonly ScriptRequest[]; readonly suites: readonly Suite[]; readonly end: readonly ScriptRequest[];
}

/** @throws Error naming the file and what is wrong with it */
export async function readScript(file: string): Promise<Script> {
  const root = parseXml(await readFile(file, 'utf8'));
  if (root.name !== 'caldavtest') throw new Error(`${file}: expected <caldavtest>, found <${root.name}>`);
  const only = elementsOf(root, 'test-suite').some((suite) => isSet(suite, 'only'));
  return {
    description: childText(root, 'description') ?? '', gate: gateOf(root), ignoredUnlessNamed: isSet(root, 'ignore-all'),
    start: requestsOf(firstOf(root, 'start')), end: requestsOf(firstOf(root, 'end')),
    suites: elementsOf(root, 'test-suite').map((suite) => suiteOf(suite, only)),
  };
}

function suiteOf(element: XmlElement, only: boolean): Suite {
  const tests = elementsOf(element, 'test');
  const onlyTests = tests.some((test) => isSet(test, 'only'));
  return {
    name: element.attributes.get('name') ?? '', gate: gateOf(element), ignored: isSet(element, 'ignore') || (only && !isSet(element, 'only')),
    changeUids: isSet(element, 'change-uid'),
    tests: tests.map((test) => ({
      name: test.attributes.get('name') ?? '', description: childText(test, 'description') ?? '', gate: gateOf(test),
      ignored: isSet(test, 'ignore') || (onlyTests && !isSet(test, 'only')), count: Number(test.attributes.get('count') ?? '1'), requests: requestsOf(test),
    })),
  };
}

function requestsOf(element: XmlElement | undefined): readonly ScriptRequest[] {
  return element === undefined ? [] : elementsOf(element, 'request').map(requestOf);
}

function requestOf(element: XmlElement): ScriptRequest {
  const uris = elementsOf(element, 'ruri');
  return {
    gate: gateOf(element), method: childText(element, 'method') ?? 'GET', uris: uris.map(textOf), quote: !uris.some((uri) => hasAttribute(uri, 'quote', 'no')),
    authenticate: !hasAttribute(element, 'auth', 'no'), user: element.attributes.get('user') ?? '', password: element.attributes.get('pswd') ?? '',
    headers: elementsOf(element, 'header').map((header) => [childText(header, 'name') ?? '', childText(header, 'value') ?? '']),
    body: bodyOf(firstOf(element, 'data')),
    iterateData: isSet(element, 'iterate-data'), waitForSuccess: isSet(element, 'wait-for-success'), deleteInTheEnd: isSet(element, 'end-delete'),
    expectations: elementsOf(element, 'verify').map((verify) => ({
      gate: gateOf(verify), verifier: childText(verify, 'callback') ?? '',
      values: new Map(elementsOf(verify, 'arg').map((arg) => [childText(arg, 'name') ?? '', elementsOf(arg, 'value').map(textOf)])),
    })),
    grabs: {
      uri: childText(element, 'graburi'), count: childText(element, 'grabcount'),
      headers: pairsOf(element, 'grabheader', 'name'), properties: pairsOf(element, 'grabproperty', 'property'),
      calendarProperties: pairsOf(element, 'grabcalproperty', 'name'), calendarParameters: pairsOf(element, 'grabcalparameter', 'name'),
      elements: elementsOf(element, 'grabelement').map((grab) => ({
        path: childText(grab, 'name') ?? '', parent: childText(grab, 'parent'), variables: elementsOf(grab, 'variable').map(textOf),
      })),
    },
  };
}

function bodyOf(element: XmlElement | undefined): BodyFile | undefined {
  if (element === undefined) return undefined;
  const substitutes = elementsOf(element, 'substitute').map((one) => [childText(one, 'name') ?? '', childText(one, 'value') ?? ''] as const);
  return { contentType: childText(element, 'content-type') ?? '', path: childText(element, 'filepath') ?? '', generate: isSet(element, 'generate'), substitutes };
}

function pairsOf(element: XmlElement, name: string, key: string): readonly (readonly [string, string])[] {
  return elementsOf(element, name).map((one) => [childText(one, key) ?? '', childText(one, 'variable') ?? '']);
}

function gateOf(element: XmlElement): Gate {
  const features = (name: string): readonly string[] => elementsOf(element, name).flatMap((list) => elementsOf(list, 'feature').map(textOf));
  return { required: features('require-feature'), excluded: features('exclude-feature') };
}

function childText(element: XmlElement, name: string): string | undefined {
  const child = firstOf(element, name);
  return child === undefined ? undefined : textOf(child);
}

function isSet(element: XmlElement, attribute: string): boolean {
  return hasAttribute(element, attribute, 'yes');
}

/** Why it does not run on this server, or undefined. */
export function closedBy(gate: Gate, features: ReadonlySet<string>): string | undefined {
  const missing = gate.required.filter((feature) => !features.has(feature));
  if (missing.length > 0) return `the server does not have ${missing.join(', ')}`;
  const present = gate.excluded.filter((feature) => features.has(feature));
  return present.length > 0 ? `not for a server that has ${present.join(', ')}` : undefined;
}
