import { defineConfig } from 'vitest/config'

// Vitest starts the processes that its tests run in with this; what bundles the sources stays on this machine's Node.
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
