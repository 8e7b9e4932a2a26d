/** `npm run matrix`: writes docs/conformance.md. Exit code 1, and nothing written, where the lists name what is not there. */
import { writeFileSync } from 'node:fs';
import { pageFile, readMatrix } from './matrix.ts';

const { page, problems } = readMatrix();
if (problems.length === 0) writeFileSync(pageFile, page);
else {
  process.stderr.write(`${problems.join('\n')}\n`);
  process.exitCode = 1;
}
