/**
 * Runs the test files that its parent names, again and again, in one process: Vitest and PostgreSQL start once.
 * Answers each message with the first failure, or null.
 */
import { resolve } from 'node:path'
import { createVitest } from 'vitest/node'

const vitest = await createVitest('test', {
  watch: false,
  bail: 1,
  maxWorkers: 1,
  // A fault that makes a test wait forever is decided after this time.
  testTimeout: 20_000,
  reporters: [{}],
})
const known = await vitest.globTestSpecifications()
/** The file with the fault of the last run, which has been removed since. */
let before = null

process.on('message', async ({ files, changed }) => {
  if (before !== null) vitest.invalidateFile(before)
  before = resolve(changed)
  vitest.invalidateFile(before)
  const paths = files.map((file) => resolve(file))
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(
    known.filter(({ moduleId }) => paths.includes(moduleId)),
  )
  const ran = testModules.filter(({ moduleId }) => paths.includes(moduleId))
  const missing = ran.length < files.length ? ['a test file did not run'] : []
  process.send({
    failure: [...ran.flatMap(failures), ...unhandledErrors.map(toMessage), ...missing][0] ?? null,
  })
})

for (const event of ['disconnect', 'SIGTERM']) {
  process.once(event, () => vitest.close().finally(() => process.exit()))
}

/** The failed tests, with what their modules and suites report. */
function failures(module) {
  const tests = [...module.children.allTests('failed')].map(
    (test) => `${test.fullName}: ${test.result().errors.map(toMessage).join(', ')}`,
  )
  const suites = [module, ...module.children.allSuites()].flatMap((suite) => suite.errors().map(toMessage))
  return [...tests, ...suites]
}

function toMessage({ message }) {
  return String(message).replaceAll(/\s+/g, ' ').slice(0, 4_000)
}
