import { defineConfig } from 'vitest/config'

// Vitest starts its test processes with this path; the bundler still runs on this machine's Node.js.
process.execPath = process.env.EMULATED_NODE

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['scripts/small-memories.mjs'],
    maxWorkers: 2,
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000,
  },
})
