// Incremental build steps: a step is skipped when its inputs have not changed.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

/** Runs a script with this Node.js; prints its output and exits if it fails. */
export function runScript(script, args = [], env = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [script, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const output = []
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk))
    child.on('close', (status) => {
      if (status === 0) return resolve()
      process.stderr.write(`${Buffer.concat(output)}\n${script} failed\n`)
      process.exit(1)
    })
  })
}

/** Runs the command of an npm package. */
export function runCommand(packageName, command, args, env = {}) {
  const manifestPath = join('node_modules', packageName, 'package.json')
  const { bin } = require(join(process.cwd(), manifestPath))
  return runScript(join(dirname(manifestPath), typeof bin === 'string' ? bin : bin[command]), args, env)
}

function* filesBelow(path) {
  if (!existsSync(path)) return
  if (statSync(path).isFile()) {
    if (!path.endsWith('.wasm')) yield path
  } else for (const name of readdirSync(path).sort()) yield* filesBelow(join(path, name))
}

function hashFiles(files, describe) {
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${file}\0`).update(describe(file))
  return hash.digest('hex')
}

/** Files with unchanged sizes and times are unchanged; otherwise their contents are compared. */
const byTimes = (files) =>
  hashFiles(files, (file) => {
    const { size, mtimeMs } = statSync(file)
    return `${size} ${mtimeMs}\0`
  })

function readStamp(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
}

/** Runs `make` unless all `outputs` exist and were built from the same `inputs`. */
export async function unlessFresh(name, inputs, outputs, make) {
  const files = inputs.flatMap((input) => [...filesBelow(input)])
  const path = join('dist', `.${name}.json`)
  const stamp = readStamp(path)
  const times = byTimes(files)
  const isMade = outputs.every(existsSync)
  if (isMade && stamp.times === times) return
  const contents = hashFiles(files, readFileSync)
  if (!isMade || stamp.contents !== contents) {
    rmSync(path, { force: true })
    await make()
  }
  mkdirSync('dist', { recursive: true })
  writeFileSync(path, JSON.stringify({ times, contents }))
}
