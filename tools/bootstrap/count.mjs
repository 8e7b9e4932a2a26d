/** Prints `N passed, N failed` from the runner's JSON report; exits 1 when a test failed, was skipped where none may be, or no report is there. */
import { readFileSync } from 'node:fs';

let report;
try {
  report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
} catch (error) {
  console.log(`there is no report of the tests: ${error.message}`);
  console.log('0 passed, 1 failed');
  process.exit(1);
}
const { numPassedTests: passed, numFailedTests, numPendingTests: skipped } = report;
// A file that could not be loaded has no failed test, and must not look like success.
const broken = report.testResults.filter(({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed')).length;
const failed = numFailedTests + broken + skipped;
if (skipped > 0) console.log(`${skipped} tests were skipped; under CI a skip is a failure`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
