import { defineConfig } from 'vitest/config'
import { underLoad } from './test/support/waiting.js'

/** Kills, attacks, trainings and queries over minutes: with LONG_TESTS, only these are run (`npm run test:long`). */
const longTests = [
  'test/chaos/*.test.ts',
  'test/architecture/changes.test.ts',
  'test/hostile/adversary.test.ts',
  'test/hostile/fuzz.test.ts',
  'test/page/digits.test.ts',
  'test/store/statement-plans.test.ts',
]

/** Repeated more often with LONG_TESTS. */
const repeatedTests = ['test/http/deleted-models.test.ts']

const runsLong = process.env.LONG_TESTS !== undefined

export default defineConfig({
  test: {
    include: runsLong ? [...longTests, ...repeatedTests] : ['test/**/*.test.ts'],
    exclude: runsLong ? [] : longTests,
    maxWorkers: 3,
    // Files of one worker share loaded modules: importing the service costs more than most files' tests.
    isolate: false,
    globalSetup: ['test/support/postgres-server.ts'],
    setupFiles: ['test/support/seeded-properties.ts'],
    // The first database of a run waits for PostgreSQL to be set up, which a busy machine takes seconds for.
    testTimeout: underLoad(60_000),
    hookTimeout: underLoad(60_000),
  },
})
