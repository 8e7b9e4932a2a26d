/** The matrix stays true: every test that it names is there, and the page in docs is what the lists say. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { pageFile, readMatrix } from './matrix.ts';
import { missingTests, renderPage, unexplained } from './page.ts';
import type { Requirements } from './requirements.ts';
import { named, titlesIn } from './test-titles.ts';

const SOURCE = `
describe('files', () => {
  it('are put (RFC 4918 §9.7)', () => {});
  it.each([1])('are read %s', () => {});
  it.runIf(true)(\`are \${x} kept\`, () => {});
  it.skip('are never tested', () => {});
});
describeWith('curl', 'a client', () => { test('a' + b, () => {}); });
`;
const titles = titlesIn('test/integration/src/webdav-files.test.ts', SOURCE);
const must = (tests: readonly string[]): Requirements => ({ document: 'RFC 4918', title: 'WebDAV', note: undefined, musts: [{ section: '9.7', says: 'a | b', tests, note: undefined }] });

describe('the matrix', () => {
  const { page, problems } = readMatrix();

  it('names tests that are there, and has a sentence for every failure of the suite that is known', () => {
    expect(problems).toEqual([]);
  });

  it('is what docs/conformance.md says: npm run matrix', () => {
    expect(readFileSync(pageFile, 'utf8')).toBe(page);
  });
});

describe('what the matrix is made from', () => {
  it('is the titles in the sources, with what encloses them', () => {
    expect(titles.map(({ within, title }) => [...within, title])).toEqual([['files', 'are put (RFC 4918 §9.7)'], ['files', 'are read %s'], ['files', 'are * kept'], ['a client', 'a*']]);
  });

  it.each([
    ['webdav-files: are put (RFC 4918 §9.7)', 1], ['src/webdav-files: files > are read %s', 1], ['webdav-files: are *', 3], ['webdav-files: files', 3], ['webdav-files: are', 0], ['files: are put (RFC 4918 §9.7)', 0], ['are put', 0],
  ])('finds by %s %i tests', (reference, count) => { expect(named(reference, titles)).toHaveLength(count); });

  it('tells what is named and not there', () => {
    expect(missingTests([must(['webdav-files: are read %s', 'webdav-files: are gone'])], titles)).toEqual(['RFC 4918 §9.7: webdav-files: are gone']);
    expect(missingTests([must(['files: are read %s'])], titles)).toEqual(['RFC 4918 §9.7: files: are read %s (but in test/integration/src/webdav-files.test.ts)']);
    const failing = { script: 'reports', tests: ['a | 1', 'b | *'], because: 'so', pending: undefined };
    expect(unexplained([failing], { reports: ['a | 1', 'a | 2'] })).toEqual(['fails without a sentence: reports | a | 2', 'a sentence without a failure: reports | b | *']);
    expect(unexplained([failing, { ...failing, because: undefined, pending: 'more' }], { put: [] })).toEqual([]);
  });

  it('makes rows that say what no test covers', () => {
    const pending = { script: 'put', tests: ['1. PUT | *'], because: undefined, pending: 'scheduling' };
    const page = renderPage([must([]), must(['webdav-files: are read %s'])], [pending, { ...pending, script: 'get' }], titles, { put: ['1. PUT | 2'], get: [] });
    expect(page).toContain('| put | 1. PUT \\| * | scheduling |');
    expect(page).not.toContain('| get |');
    expect(page).toContain('| 9.7 | a \\| b | *not covered* |');
    expect(page).toContain('| 9.7 | a \\| b | [webdav-files](../test/integration/src/webdav-files.test.ts): are read %s |');
  });

  it('names the clients by their tests', () => {
    const ours = titlesIn('test/integration/src/clients/curl.test.ts', SOURCE);
    expect(renderPage([], [], ours, {})).toContain('as a user starts it: [files, a client](../test/integration/src/clients/curl.test.ts).');
  });
});
