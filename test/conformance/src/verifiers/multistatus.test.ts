import { describe, expect, it } from 'vitest';
import { multistatus, verification } from '../verification.fixture.ts';
import { aclItems, multistatusItems, prepostcondition, propfindItems, propfindValues } from './multistatus.ts';

describe('multistatusItems', () => {
  const body = multistatus({ href: '/c/', props: [['200 OK', '']] }, { href: '/c/a%20b.ics', status: '200 OK' }, { href: '/c/gone.ics', status: '404 Not Found' });
  const given = (values: Readonly<Record<string, readonly string[]>>, status = 207) => multistatusItems(verification(values, { body, status }));
  it.each([
    [{ okhrefs: ['[-,a b.ics]'], badhrefs: ['gone.ics'] }], [{ okhrefs: ['a b.ics'], ignoremissing: [''] }], [{ okhrefs: ['/c/', '/c/a b.ics'], badhrefs: ['/c/gone.ics'], prefix: ['-'] }],
    [{ count: ['1'] }], [{ totalcount: ['1', '1'] }], [{ responsecount: ['3'] }],
  ])('%j passes', (values) => { expect(given(values)).toEqual([]); });
  it.each([
    [{ okhrefs: ['', 'a b.ics'] }], [{ okhrefs: ['', 'a b.ics', 'c.ics'], badhrefs: ['gone.ics'] }], [{ okhrefs: ['', 'a b.ics'], nohrefs: ['a b.ics'], badhrefs: ['gone.ics'] }],
    [{ okhrefs: ['gone.ics'], ignoremissing: [''] }], [{ count: ['2'] }], [{ totalcount: ['1'] }], [{ responsecount: ['2'] }],
  ])('%j fails', (values) => { expect(given(values)).not.toEqual([]); });
  it('compares by status where codes are given', () => {
    const two = multistatus({ href: 'mailto:a', status: '403 Forbidden' }, { href: 'mailto:b', status: '424 Failed Dependency' });
    expect(multistatusItems(verification({ 403: ['mailto:a'], 424: ['mailto:b'] }, { body: two, status: 207 }))).toEqual([]);
    expect(multistatusItems(verification({ 403: ['mailto:a', 'mailto:b'] }, { body: two, status: 207 }))).toHaveLength(2);
  });
  it('fails on any status but 207, and on what is no XML', () => {
    expect(given({ count: ['1'] }, 200)).toEqual(['HTTP status 200']);
    expect(() => multistatusItems(verification({}, { body: 'x', status: 207 }))).toThrow();
  });
});

describe('propfindItems', () => {
  const body = multistatus({ href: '/c/', props: [['200 OK', '<D:displayname>Mine</D:displayname><D:owner><D:href>/p/</D:href></D:owner>'], ['404 Not Found', '<C:x/>']] });
  const given = (values: Readonly<Record<string, readonly string[]>>) => propfindItems(verification(values, { body, status: 207 }));
  const X = '{urn:ietf:params:xml:ns:caldav}x';
  it.each([
    [{ okprops: ['{DAV:}displayname', '{DAV:}owner'], badprops: [X] }], [{ okprops: ['{DAV:}displayname$Mine', '{DAV:}owner$<href xmlns="DAV:">/p/</href>'], badprops: [X] }],
    [{ okprops: ['{DAV:}displayname!Yours', '{DAV:}owner', '{DAV:}getetag!x'], badprops: [X] }], [{ count: ['1'] }], [{ ignore: ['/c/'] }], [{ only: ['/d/'], okprops: ['{DAV:}nothing'] }],
  ])('%j passes', (values) => { expect(given(values)).toEqual([]); });
  it.each([
    [{ okprops: ['{DAV:}displayname'], badprops: [X] }], [{ okprops: ['{DAV:}displayname', '{DAV:}owner', '{DAV:}getetag'], badprops: [X] }], [{ okprops: ['{DAV:}displayname', '{DAV:}owner'] }],
    [{ okprops: ['{DAV:}displayname$Yours', '{DAV:}owner'], badprops: [X] }], [{ okprops: ['{DAV:}displayname!Mine', '{DAV:}owner'], badprops: [X] }],
    [{ okprops: ['{DAV:}displayname', '{DAV:}owner'], badprops: [X, '{DAV:}y'] }], [{ count: ['2'] }],
  ])('%j fails', (values) => { expect(given(values)).not.toEqual([]); });
  it('fails on another status and another root', () => {
    expect(propfindItems(verification({}, { body }))).toEqual(['HTTP status 200']);
    expect(propfindItems(verification({ status: ['201'], 'root-element': ['{DAV:}mkcol-response'] }, { body, status: 201 }))).toEqual(['the root element is {DAV:}multistatus']);
    expect(propfindItems(verification({ status: ['201'], 'root-element': ['{DAV:}mkcol-response'] }, { body: '<mkcol-response xmlns="DAV:"/>', status: 201 }))).toEqual([]);
  });
  it('takes text as it is, marks of XML included', () => {
    const odd = multistatus({ href: '/c/', props: [['200 OK', '<D:displayname>a &lt;- &amp; ]]&gt;</D:displayname>']] });
    expect(propfindItems(verification({ okprops: ['{DAV:}displayname$a <- & ]]>'] }, { body: odd, status: 207 }))).toEqual([]);
    expect(propfindItems(verification({ okprops: ['{DAV:}displayname$a &lt;- &amp; ]]>'] }, { body: odd, status: 207 }))).not.toEqual([]);
  });
});

describe('propfindValues', () => {
  const body = multistatus({ href: '/c/', props: [['200 OK', '<C:supported><C:comp name="VEVENT"/></C:supported>']] });
  const NAME = '{urn:ietf:params:xml:ns:caldav}supported';
  it('passes where the pattern matches, or must not', () => {
    expect(propfindValues(verification({ props: [`${NAME}$.*VEVENT.*`, `${NAME}!.*VTODO.*`] }, { body, status: 207 }))).toEqual([]);
  });
  it('fails where it does not, must not, or nothing is there', () => {
    expect(propfindValues(verification({ props: [`${NAME}$.*VTODO.*`, `${NAME}!.*VEVENT.*`, '{DAV:}owner$.*'] }, { body, status: 207 }))).toHaveLength(3);
    expect(propfindValues(verification({}, { body }))).toEqual(['HTTP status 200']);
  });
});

describe('prepostcondition', () => {
  const body = '<D:error xmlns:D="DAV:" xmlns:t="http://twistedmatrix.com/xml_namespace/dav/"><D:need-privileges/><t:error-description>why</t:error-description></D:error>';
  it('passes on exactly the conditions', () => {
    expect(prepostcondition(verification({ error: ['{DAV:}need-privileges'] }, { status: 403, body }))).toEqual([]);
    expect(prepostcondition(verification({ error: [], ignoreextras: [''] }, { status: 409, body }))).toEqual([]);
  });
  it('fails on more, less, another status, no body or another root', () => {
    expect(prepostcondition(verification({ error: [] }, { status: 403, body }))).toHaveLength(1);
    expect(prepostcondition(verification({ error: ['{DAV:}x'] }, { status: 403, body }))).toHaveLength(2);
    expect(prepostcondition(verification({ error: [] }, { status: 400, body }))).toEqual(['HTTP status 400']);
    expect(prepostcondition(verification({ error: [] }, { status: 403 }))).toEqual(['no body']);
    expect(prepostcondition(verification({ error: [] }, { status: 403, body: '<x/>' }))).toEqual(['the root element is x']);
  });
});

describe('aclItems', () => {
  const body = multistatus({ href: '/c/', props: [['200 OK', '<D:current-user-privilege-set><D:privilege><D:read/></D:privilege></D:current-user-privilege-set>']] });
  it('passes on privileges that are granted and those that are not', () => {
    expect(aclItems(verification({ granted: ['{DAV:}read'], denied: ['{DAV:}write'] }, { body, status: 207 }))).toEqual([]);
  });
  it('fails the other way round', () => {
    expect(aclItems(verification({ granted: ['{DAV:}write'], denied: ['{DAV:}read'] }, { body, status: 207 }))).toHaveLength(2);
    expect(aclItems(verification({}, { body }))).toEqual(['HTTP status 200']);
  });
});
