/** What the page is made of, and where it lies. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KnownFailures } from '../report.ts';
import { packageFolder, repository } from '../suite-folder.ts';
import { missingTests, renderPage, unexplained } from './page.ts';
import { readDeviations, readRequirements } from './requirements.ts';
import { testTitles } from './test-titles.ts';

export const pageFile = join(repository, 'docs', 'conformance.md');

export interface Matrix { readonly page: string; /** Tests that are named and not there; failures without a sentence, and the other way round. */ readonly problems: readonly string[] }

export function readMatrix(): Matrix {
  const titles = testTitles(repository);
  const requirements = readRequirements(join(packageFolder, 'musts'));
  const deviations = readDeviations(join(packageFolder, 'deviations.yaml'));
  const known = JSON.parse(readFileSync(join(packageFolder, 'expected.json'), 'utf8')) as KnownFailures;
  return {
    page: renderPage(requirements, deviations, titles, known),
    problems: [...missingTests(requirements, titles).map((one) => `no such test: ${one}`), ...unexplained(deviations, known)],
  };
}
