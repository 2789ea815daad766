import { defineConfig } from 'vitest/config'
import { underLoad } from './test/support/waiting.js'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    maxWorkers: 3,
    globalSetup: ['test/support/postgres-server.ts'],
    setupFiles: ['test/support/seeded-properties.ts'],
    // The first database of a run waits for PostgreSQL to be set up, which a busy machine takes seconds for.
    testTimeout: underLoad(60_000),
    hookTimeout: underLoad(60_000),
  },
})
