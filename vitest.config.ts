/**
 * Three projects: unit (beside the sources), contract (the plugins, by the kit) and system (what spans packages). Tests run from the sources: the
 * `kalends-source` condition makes `@kalends/x` its `src/index.ts`, in this process and, through execArgv, in the threads and children it starts.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Not `import`: Node gets these too, and would hand a `require` the ES module of a package that has both.
const conditions = ['kalends-source', 'node', 'default'];
const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['kalends-source'] } },
};
const execArgv = ['--conditions=kalends-source', '--disable-warning=ExperimentalWarning'];

/** Half of a server's start from sources is taking their types away: servers that tests start keep the result here, by content. */
const env = { NODE_COMPILE_CACHE: fileURLToPath(new URL('./node_modules/.cache/kalends-tests', import.meta.url)) };

/** A busy machine needs longer than the second that the library waits. */
const expectations = { poll: { timeout: 20_000 } };

export default defineConfig({
  ...shared,
  test: {
    pool: 'forks',
    execArgv,
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      { ...shared, test: { name: 'unit', execArgv, env, expect: expectations, include: ['core/*/src/**/*.test.ts', 'tools/*/src/**/*.test.ts'] } },
      { ...shared, test: { name: 'contract', execArgv, env, expect: expectations, testTimeout: 60_000, include: ['plugins/*/src/**/*.test.ts', 'test/testkit/src/**/*.test.ts'] } },
      { ...shared, test: { name: 'system', execArgv, env, expect: expectations, testTimeout: 120_000, hookTimeout: 180_000, include: ['test/{integration,faults,architecture,interop,conformance}/src/**/*.test.ts'] } },
    ],
  },
});
