/** Verifiers of `DAV:multistatus` and `DAV:error` (RFC 4918 §13, §14.5; RFC 3744 §5.5). */
import { given, wrongStatus } from '../answer.ts';
import type { Verification, Verifier } from '../answer.ts';
import { canonical, canonicalContent, descendantsOf, elementsOf, firstOf, parseXml, textOf } from '../xml-tree.ts';
import type { XmlElement } from '../xml-tree.ts';

const IGNORED_ERROR = '{http://twistedmatrix.com/xml_namespace/dav/}error-description';

function unquoted(href: string): string {
  try {
    return decodeURIComponent(href);
  } catch {
    return href;
  }
}

function hrefOf(response: XmlElement): string {
  const hrefs = elementsOf(response, '{DAV:}href');
  if (hrefs.length !== 1) throw new Error(`${hrefs.length} DAV:href in a DAV:response`);
  return unquoted(textOf(hrefs[0]!).trim());
}

function codeOf(status: XmlElement | undefined): number {
  return status === undefined ? 0 : Number(/^HTTP\/1\.1 (\d{3})/.exec(textOf(status).trim())?.[1] ?? '0');
}

function isGood(code: number): boolean {
  return code >= 200 && code < 300;
}

function trimmed(href: string): string {
  return href.replace(/\/+$/, '');
}

/** `[a,b]` stands for several, `-` in it for the prefix itself. */
function prefixed(hrefs: readonly string[], prefix: string): readonly string[] {
  return hrefs.flatMap((href) => (href.startsWith('[') ? href.slice(1, -1).split(',').filter((one) => one !== '').map((one) => (one === '-' ? '' : one)) : [href]))
    .map((href) => trimmed(prefix + href));
}

/**
 * `okhrefs`, `badhrefs`: exactly these (with `ignoremissing`: at least these) have a good or a bad status; `nohrefs`: none of these is good. `404`, `424` …:
 * exactly these have that status. `count`: so many good ones besides the request's own; `totalcount`: so many; `responsecount`: good and bad.
 * `prefix`: what stands before each href, `-` nothing; default the request's URI.
 */
export const multistatusItems: Verifier = (verification) => {
  const { answer, values, uri } = verification;
  if (answer.status !== 207) return wrongStatus(verification);
  const byCode = new Map<number, Set<string>>();
  const [good, bad] = [new Set<string>(), new Set<string>()];
  for (const response of elementsOf(parseXml(answer.body), '{DAV:}response')) {
    const href = trimmed(hrefOf(response));
    const status = firstOf(response, '{DAV:}status');
    const code = codeOf(status);
    const fine = status === undefined ? firstOf(response, '{DAV:}propstat') !== undefined : isGood(code);
    (fine ? good : bad).add(href);
    byCode.set(code, (byCode.get(code) ?? new Set()).add(href));
  }
  const number = (name: string): number | undefined => (values.has(name) ? given(verification, name).reduce((sum, one) => sum + Number(one), 0) : undefined);
  const counted = (name: string, is: number, more = 0): readonly string[] => (is === number(name)! + more ? [] : [`${is - more} items, expected ${number(name)!}`]);
  if (values.has('count')) return counted('count', good.size, 1);
  if (values.has('totalcount')) return counted('totalcount', good.size);
  if (values.has('responsecount')) return counted('responsecount', good.size + bad.size);

  const prefix = values.has('prefix') ? given(verification, 'prefix')[0]!.replace(/^-$/, '') : uri;
  const [ok, no, failed] = ['okhrefs', 'nohrefs', 'badhrefs'].map((name) => new Set(prefixed(given(verification, name), prefix)));
  const codes = [...values.keys()].filter((name) => /^\d{3}$/.test(name));
  if (codes.length > 0 && !['okhrefs', 'nohrefs', 'badhrefs'].some((name) => values.has(name))) {
    return [...new Set([...codes.map(Number), ...byCode.keys()])].flatMap((code) => compare(`with status ${code}`, new Set(given(verification, String(code))), byCode.get(code) ?? new Set(), false));
  }
  const lenient = values.has('ignoremissing');
  return [...compare('(good)', ok!, good, lenient), ...compare('(bad)', failed!, bad, lenient), ...[...no!].filter((href) => good.has(href)).map((href) => `unwanted: ${href}`)];
};

function compare(what: string, expected: ReadonlySet<string>, got: ReadonlySet<string>, lenient: boolean): readonly string[] {
  return [
    ...[...expected].filter((one) => !got.has(one)).map((one) => `not returned ${what}: ${one}`),
    ...(lenient ? [] : [...got].filter((one) => !expected.has(one)).map((one) => `unexpected ${what}: ${one}`)),
  ];
}

/** Which answers of a multistatus count: not those of `ignore`; those of `only`, where it is there. */
function responsesOf(verification: Verification, root: XmlElement): readonly XmlElement[] {
  const [ignore, only] = [given(verification, 'ignore'), given(verification, 'only')];
  return elementsOf(root, '{DAV:}response').filter((response) => {
    const href = hrefOf(response);
    return !ignore.includes(href) && (only.length === 0 || only.includes(href));
  });
}

interface ExpectedProperty { readonly name: string; readonly value: string | undefined; readonly unlike: boolean }

/** `name`, `name$value`, `name!value`. */
function expectedProperty(text: string): ExpectedProperty {
  const at = text.indexOf('$') >= 0 ? text.indexOf('$') : text.indexOf('!');
  if (at < 0) return { name: text, value: undefined, unlike: false };
  const value = text.slice(at + 1);
  return { name: text.slice(0, at), value: value === '' ? undefined : normalXml(value), unlike: text[at] === '!' };
}

function normalXml(value: string): string {
  return value.trimStart().startsWith('<') ? canonical(parseXml(value)) : value;
}

function valueOf(property: XmlElement): string {
  return elementsOf(property).length === 0 ? textOf(property) : canonicalContent(property).trim();
}

/**
 * Each answer has exactly `okprops` with a good status and exactly `badprops` with a bad one: `name`, `name$value` (also XML), for good ones `name!value` (may be
 * there, but not with this value). `count`: so many answers instead. `status`, `root-element`: of the whole, default 207 and multistatus.
 */
export const propfindItems: Verifier = (verification) => {
  const { answer, values } = verification;
  if (answer.status !== Number(given(verification, 'status')[0] ?? '207')) return wrongStatus(verification);
  const root = parseXml(answer.body);
  const rootName = given(verification, 'root-element')[0] ?? '{DAV:}multistatus';
  if (root.name !== rootName) return [`the root element is ${root.name}`];
  const responses = responsesOf(verification, root);
  if (values.has('count')) return responses.length === Number(given(verification, 'count')[0]) ? [] : [`${responses.length} responses, expected ${given(verification, 'count')[0]!}`];
  const [good, bad] = [given(verification, 'okprops').map(expectedProperty), given(verification, 'badprops').map(expectedProperty)];
  return responses.flatMap((response) => {
    const statuses = elementsOf(response, '{DAV:}propstat').map((propstat) => ({
      good: isGood(codeOf(firstOf(propstat, '{DAV:}status'))), properties: elementsOf(propstat, '{DAV:}prop').flatMap((prop) => elementsOf(prop)),
    }));
    const of = (want: boolean): readonly XmlElement[] => statuses.filter((one) => one.good === want).flatMap((one) => one.properties);
    return [...compareProperties('(good)', good, of(true)), ...compareProperties('(bad)', bad, of(false))].map((complaint) => `${hrefOf(response)}: ${complaint}`);
  });
};

function compareProperties(what: string, expected: readonly ExpectedProperty[], got: readonly XmlElement[]): readonly string[] {
  const satisfies = (property: XmlElement, one: ExpectedProperty): boolean => one.name === property.name && (one.value === undefined || (valueOf(property) === one.value) !== one.unlike);
  return [
    ...expected.filter((one) => !one.unlike && !got.some((property) => satisfies(property, one))).map((one) => `not returned ${what}: ${one.name}${one.value === undefined ? '' : ` = ${one.value}`}`),
    ...got.filter((property) => !expected.some((one) => satisfies(property, one))).map((property) => `unexpected ${what}: ${property.name} = ${valueOf(property)}`),
  ];
}

/** `props`: `name$pattern` (must match from its beginning) or `name!pattern` (must not), of each answer that counts. */
export const propfindValues: Verifier = (verification) => {
  if (verification.answer.status !== 207) return wrongStatus(verification);
  return responsesOf(verification, parseXml(verification.answer.body)).flatMap((response) => {
    const properties = elementsOf(response, '{DAV:}propstat').filter((propstat) => isGood(codeOf(firstOf(propstat, '{DAV:}status'))))
      .flatMap((propstat) => elementsOf(propstat, '{DAV:}prop').flatMap((prop) => elementsOf(prop)));
    return given(verification, 'props').flatMap((expected) => {
      const [, name, sign, pattern] = /^([^$!]*)([$!])(.*)$/s.exec(expected) ?? [];
      const property = properties.find((one) => one.name === name);
      if (property === undefined) return [`${hrefOf(response)}: not returned: ${name ?? expected}`];
      const matches = new RegExp(`^(?:${pattern!})`, 's').test(valueOf(property));
      return matches === (sign === '$') ? [] : [`${hrefOf(response)}: ${name!} is ${valueOf(property)}, expected ${sign === '$' ? '' : 'not '}${pattern!}`];
    });
  });
};

/** `error`: exactly these conditions in a `DAV:error`. `status`: default 403, 409 or 507. `ignoreextras`: more may be there. */
export const prepostcondition: Verifier = (verification) => {
  const { answer, values } = verification;
  if (!(values.get('status') ?? ['403', '409', '507']).includes(String(answer.status))) return wrongStatus(verification);
  if (answer.body === '') return ['no body'];
  const root = parseXml(answer.body);
  if (root.name !== '{DAV:}error') return [`the root element is ${root.name}`];
  const got = new Set(elementsOf(root).map((one) => one.name).filter((name) => name !== IGNORED_ERROR));
  return compare('in the error', new Set(given(verification, 'error')), got, values.has('ignoreextras'));
};

/** `granted`, `denied`: privileges that `DAV:current-user-privilege-set` of every answer has, or has not. */
export const aclItems: Verifier = (verification) => {
  if (verification.answer.status !== 207) return wrongStatus(verification);
  return elementsOf(parseXml(verification.answer.body), '{DAV:}response').flatMap((response) => {
    const has = new Set(descendantsOf(response, '{DAV:}current-user-privilege-set').flatMap((set) => elementsOf(set, '{DAV:}privilege').flatMap((one) => elementsOf(one).map((child) => child.name))));
    return [
      ...given(verification, 'granted').filter((one) => !has.has(one)).map((one) => `${hrefOf(response)}: not granted: ${one}`),
      ...given(verification, 'denied').filter((one) => has.has(one)).map((one) => `${hrefOf(response)}: granted: ${one}`),
    ];
  });
};
