import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { compileLess } from './test/support/compile-less.js'
import { underLoad } from './test/support/waiting.js'

const allTests = 'test/**/*.test.ts'

/**
 * They start the built service in separate processes, attack it, or open its page in a browser. `npm run test:system`
 * runs them, and `npm test` all others.
 */
const systemTests = [
  'test/e2e/*.test.ts',
  'test/examples/lecture.test.ts',
  'test/hostile/*.test.ts',
  'test/page/*.test.ts',
  'test/upgrades/*.test.ts',
]

/**
 * Processes are killed and random requests sent: CHAOS_KILLS and FUZZ_REQUESTS set how many. `npm run test:system` runs
 * them last, with few of each, because they occupy all processors. `npm run chaos` and `npm run fuzz` have many.
 */
const faultTests = ['test/chaos/*.test.ts', 'test/hostile/fuzz.test.ts']

/**
 * Attacks, trainings and queries over minutes, and tests of the whole service of whose parts other tests run every time:
 * with LONG_TESTS, only these are run (`npm run test:long`).
 */
const longTests = [
  'test/architecture/changes.test.ts',
  'test/chaos/batches.test.ts',
  'test/chaos/sweep.test.ts',
  'test/e2e/asha.test.ts',
  'test/e2e/backup.test.ts',
  'test/e2e/forks.test.ts',
  'test/e2e/large-models.test.ts',
  'test/e2e/object-backup.test.ts',
  'test/e2e/object-store.test.ts',
  'test/e2e/runtimes.test.ts',
  'test/e2e/spare-thread.test.ts',
  'test/e2e/tenant-deletion.test.ts',
  'test/e2e/traces.test.ts',
  'test/engine/native/gemm-prefetch.test.ts',
  'test/examples/attacks.test.ts',
  'test/hostile/adversary.test.ts',
  'test/page/digits.test.ts',
  'test/store/fair-turns.test.ts',
  'test/store/statement-plans.test.ts',
]

/** With LONG_TESTS, they repeat more, on every backend, with more participants, or have more cases. */
const repeatedTests = [
  'test/conformance/engine/edge-grid.test.ts',
  'test/e2e/deleted-models.test.ts',
  'test/e2e/moving-aliases.test.ts',
  'test/e2e/turns.test.ts',
  'test/engine/addon-build.test.ts',
  'test/examples/claims.test.ts',
  'test/hostile/overload.test.ts',
  'test/page/playground.test.ts',
  'test/page/workshop.test.ts',
  ...faultTests,
]

export const projects = {
  components: { include: [allTests], exclude: [...systemTests, ...faultTests, ...longTests] },
  system: { include: systemTests, exclude: [...faultTests, ...longTests] },
  faults: { include: faultTests, exclude: longTests, sequence: { groupOrder: 1 } },
  long: { include: [...longTests, ...repeatedTests], exclude: [] },
}

/** Without durations of an earlier run, vitest starts the largest files first. These are small and slow. */
const slowFiles = ['hostile/event-loop', 'hostile/overload', 'page/accessibility', 'e2e/outage']

class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isSlow = ({ moduleId }: TestSpecification) => slowFiles.some((name) => moduleId.includes(name))
    return [...sorted.filter(isSlow), ...sorted.filter((file) => !isSlow(file))]
  }
}

const { long, ...others } = projects
const chosen = process.env.LONG_TESTS === undefined ? others : { long }

export default defineConfig({
  test: {
    projects: Object.entries(chosen).map(([name, files]) => ({ extends: true, test: { name, ...files } })),
    maxWorkers: 3,
    execArgv: [...compileLess, '--wasm-tiering-budget=100000000'],
    sequence: { sequencer: SlowFirst },
    // Keeps transformed modules in node_modules/.experimental-vitest-cache for the next run, by their content.
    experimental: { fsModuleCache: true },
    // Files of one worker share loaded modules: importing the service costs more than most files' tests.
    isolate: false,
    globalSetup: ['test/support/shared-processes.ts'],
    setupFiles: ['test/support/seeded-properties.ts'],
    // The first database of a run waits for PostgreSQL to be set up, which a busy machine takes seconds for.
    testTimeout: underLoad(60_000),
    hookTimeout: underLoad(60_000),
    // Of one second by default, which a busy machine may need for a step of a page.
    expect: { poll: { timeout: underLoad(20_000) } },
  },
})
