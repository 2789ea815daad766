/**
 * Puts known faults into a copy of the sources, one at a time, and reports those that no test sees.
 *
 *   npm run mutants                       all faults
 *   npm run mutants -- store rng.ts 17    those of areas, of files whose path ends so, and with a number
 *   npm run mutants -- --every=3          every third
 *   npm run mutants -- --jobs=2           so many at a time
 *
 * Ends with 1 when fewer than 95 % are killed, and with 2 when a text is not found or the tests fail without a fault.
 */
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { datasets } from './mutants/datasets.mjs'
import { engine } from './mutants/engine.mjs'
import { http } from './mutants/http.mjs'
import { live } from './mutants/live.mjs'
import { store } from './mutants/store.mjs'
import { turns } from './mutants/turns.mjs'
import { webhooks } from './mutants/webhooks.mjs'

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))

const leastKilled = 0.95
const secondsPerFault = 180

/** Those with cheap tests first. */
const areas = { datasets, live, turns, engine, webhooks, http, store }
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
let killed = 0
const begin = Date.now()
const copies = Array.from({ length: options.get('jobs') ?? 1 }, copySources)
process.on('exit', () => {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(2))
await checkTests(copies[0])
const left = [...chosen]
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

/** Without a fault, the tests must pass. */
async function checkTests(copy) {
  const tests = [...new Set(chosen.flatMap((fault) => fault.tests))]
  const { code, output } = await runTests(copy, tests, 1_800)
  if (code === 0) return console.log(`${tests.length} test files pass without a fault: ${seconds()} s`)
  console.error(`${output}\nThe tests fail without a fault.`)
  process.exit(2)
}

async function work(copy) {
  for (let fault = left.shift(); fault !== undefined; fault = left.shift()) {
    const path = join(copy, fault.file)
    const source = readFileSync(path, 'utf8')
    writeFileSync(
      path,
      source.replace(fault.text, () => fault.replacement),
    )
    const { code, output } = await runTests(copy, fault.tests, secondsPerFault)
    writeFileSync(path, source)
    if (/PARSE_ERROR|Transform failed/.test(output)) {
      console.error(`fault ${fault.number} does not parse:\n${output}`)
      process.exit(2)
    }
    if (code === 0) survivors.push(fault)
    else killed++
    console.log(`${code === 0 ? 'survived' : 'killed  '} ${describe(fault)}`)
  }
}

/** Ends at the first test that fails. */
async function runTests(cwd, tests, limit) {
  const child = spawn(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--bail', '1', '--reporter', 'dot', ...tests],
    { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1' } },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
    })
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), 1_000 * limit)
  const code = await new Promise((resolve) => child.on('close', resolve))
  clearTimeout(timer)
  return { code, output }
}

function describe({ number, file, text, replacement }) {
  const short = (code) => code.trim().replaceAll(/\s+/g, ' ').slice(0, 90)
  return `${number} ${file}: ${short(text)} → ${short(replacement) || 'nothing'}`
}

function seconds() {
  return Math.round((Date.now() - begin) / 1_000)
}

function report() {
  const rate = killed / chosen.length
  console.log(
    `\n${killed} of ${chosen.length} faults killed (${(100 * rate).toFixed(1)} %) in ${seconds()} s`,
  )
  for (const fault of survivors) console.log(`survived ${describe(fault)}`)
  process.exit(rate < leastKilled ? 1 : 0)
}
