import { defineConfig } from 'vitest/config'
import { underLoad } from './test/support/waiting.js'

/** Left out unless LONG_TESTS is set: kills, compilations and queries over minutes. `npm run test:long` runs them alone. */
const longTests = [
  'test/chaos/**',
  'test/architecture/changes.test.ts',
  'test/hostile/fuzz.test.ts',
  'test/store/statement-plans.test.ts',
]

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: process.env.LONG_TESTS === undefined ? longTests : [],
    maxWorkers: 3,
    globalSetup: ['test/support/postgres-server.ts'],
    setupFiles: ['test/support/seeded-properties.ts'],
    // The first database of a run waits for PostgreSQL to be set up, which a busy machine takes seconds for.
    testTimeout: underLoad(60_000),
    hookTimeout: underLoad(60_000),
  },
})
