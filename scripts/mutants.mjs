/**
 * Puts known faults into a copy of the sources, one at a time, and reports those that no test sees.
 *
 *   npm run mutants                       all faults
 *   npm run mutants -- store rng.ts 17    those of areas, of files whose path ends so, and with a number
 *   npm run mutants -- --every=3          every third
 *   npm run mutants -- --jobs=2           so many at a time
 *
 * Ends with 1 when fewer than 95 % are killed, and with 2 when a text is not found or tests fail without a fault.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { datasets } from './mutants/datasets.mjs'
import { engine } from './mutants/engine.mjs'
import { experiments } from './mutants/experiments.mjs'
import { http } from './mutants/http.mjs'
import { live } from './mutants/live.mjs'
import { store } from './mutants/store.mjs'
import { turns } from './mutants/turns.mjs'
import { webhooks } from './mutants/webhooks.mjs'
import { workers } from './mutants/workers.mjs'

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))

const leastKilled = 0.95
/** A fault may make tests wait forever. They may take this much longer than without a fault. */
const secondsMore = 60
const timesLonger = 4

/** Those with cheap tests first. */
const areas = { datasets, live, turns, experiments, engine, workers, webhooks, http, store }
const all = Object.entries(areas)
  .flatMap(([area, files]) =>
    files.flatMap(({ file, tests, faults }) =>
      faults.map(([text, replacement]) => ({ area, file, tests, text, replacement })),
    ),
  )
  .map((fault, index) => ({ ...fault, number: index + 1 }))

const options = new Map(
  process.argv.slice(2).flatMap((argument) => {
    const [, name, value] = /^--(\w+)=(\d+)$/.exec(argument) ?? []
    return name === undefined ? [] : [[name, Number(value)]]
  }),
)
const words = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const every = options.get('every') ?? 1
const chosen = all
  .filter(
    ({ area, file, number }) =>
      words.length === 0 ||
      words.some((word) => word === area || file.endsWith(word) || word === String(number)),
  )
  .filter((_, index) => index % every === 0)

checkTexts()
if (chosen.length === 0) {
  console.error(`No fault is in ${words.join(' ')}; the areas are ${Object.keys(areas).join(', ')}.`)
  process.exit(2)
}
const survivors = []
/** Faults whose tests fail without them. */
const undecided = []
let killed = 0
const begin = Date.now()
const copies = Array.from({ length: options.get('jobs') ?? 1 }, copySources)
process.on('exit', () => {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(2))
const left = [...chosen]
const passing = new Map()
await Promise.all(copies.map(work))
report()

/** Every text occurs once, so that it is plain which place is meant. */
function checkTexts() {
  const wrong = all.flatMap(({ number, file, text }) => {
    const count = existsSync(file) ? readFileSync(file, 'utf8').split(text).length - 1 : 0
    if (count === 1) return []
    return [`fault ${number}: text ${count === 0 ? 'not found' : `found ${count} times`} in ${file}: ${text}`]
  })
  for (const test of new Set(all.flatMap(({ tests }) => tests))) {
    if (!existsSync(test)) wrong.push(`${test} does not exist`)
  }
  if (wrong.length === 0) return
  console.error(wrong.join('\n'))
  process.exit(2)
}

/** A copy of the built working tree, which shares the installed packages. */
function copySources() {
  const copy = mkdtempSync(join(tmpdir(), 'descent-mutants-'))
  const leftOut = new Set(['.git', 'node_modules', 'images', '.data'])
  cpSync('.', copy, { recursive: true, filter: (path) => !leftOut.has(path) })
  symlinkSync(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'))
  return copy
}

async function work(copy) {
  const runner = startRunner(copy)
  for (let fault = left.shift(); fault !== undefined; fault = left.shift()) {
    const without = await secondsWithout(runner, fault)
    if (without === null) undecided.push(fault)
    else await decide(runner, fault, Math.round(secondsMore + timesLonger * without))
  }
  await runner.stop()
}

/**
 * The seconds that the tests take without the fault; null if they fail. They run twice on failure, because a busy machine
 * may exceed a timeout.
 */
async function secondsWithout(runner, fault) {
  const name = fault.tests.join(' ')
  const known = passing.get(name)
  if (known !== undefined) return known
  const begun = performance.now()
  const failure = (await runner.run(fault, 1_800)) && (await runner.run(fault, 1_800))
  const taken = failure === null ? (performance.now() - begun) / 1_000 : null
  passing.set(name, taken)
  console.log(
    `${failure === null ? 'pass    ' : 'fail    '} ${name}${failure === null ? '' : `: ${failure}`}`,
  )
  return taken
}

async function decide(runner, fault, limit) {
  const path = join(runner.copy, fault.file)
  const source = readFileSync(path, 'utf8')
  writeFileSync(
    path,
    source.replace(fault.text, () => fault.replacement),
  )
  const failure = await runner.run(fault, limit)
  writeFileSync(path, source)
  if (failure !== null && /PARSE_ERROR|Transform failed/.test(failure)) {
    console.error(`fault ${fault.number} does not parse: ${failure}`)
    process.exit(2)
  }
  if (failure === null) survivors.push(fault)
  else killed++
  console.log(`${failure === null ? 'survived' : 'killed  '} ${describe(fault)}`)
  if (failure !== null) console.log(`           by ${failure.slice(0, 200)}`)
}

function killGroup({ pid }) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // All of its processes have ended.
  }
}

/** Runs tests in a process that is replaced after it exceeded a time limit or ended. */
function startRunner(copy) {
  let child = null

  async function stop() {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill('SIGTERM')
    const timer = setTimeout(() => killGroup(child), 30_000)
    await closed
    clearTimeout(timer)
  }

  return {
    copy,
    stop,
    /** Returns the first failure, or null. */
    async run({ tests, file }, limit) {
      // In a separate process group, because a fault may let a test process run forever.
      child ??= fork('scripts/mutants/run-tests.mjs', { cwd: copy, stdio: 'ignore', detached: true })
      const answer = await ask(child, { files: tests, changed: file }, limit)
      if (answer !== null) return answer.failure
      await stop()
      killGroup(child)
      child = null
      return `no answer within ${limit} s`
    },
  }
}

/** The next message of the process; null if it ends before, or after the seconds. */
function ask(child, message, limit) {
  return new Promise((resolve) => {
    const settle = (answer) => {
      clearTimeout(timer)
      child.removeAllListeners()
      resolve(answer)
    }
    const timer = setTimeout(settle, 1_000 * limit, null)
    child.once('message', settle).once('close', () => settle(null))
    child.send(message)
  })
}

function describe({ number, file, text, replacement }) {
  const short = (code) => code.trim().replaceAll(/\s+/g, ' ').slice(0, 90)
  return `${number} ${file}: ${short(text)} → ${short(replacement) || 'nothing'}`
}

function seconds() {
  return Math.round((Date.now() - begin) / 1_000)
}

function report() {
  const decided = killed + survivors.length
  const rate = decided === 0 ? 0 : killed / decided
  console.log(`\n${killed} of ${decided} faults killed (${(100 * rate).toFixed(1)} %) in ${seconds()} s`)
  for (const fault of survivors) console.log(`survived ${describe(fault)}`)
  for (const fault of undecided)
    console.log(`undecided, because its tests fail without it: ${describe(fault)}`)
  process.exit(undecided.length > 0 ? 2 : rate < leastKilled ? 1 : 0)
}
