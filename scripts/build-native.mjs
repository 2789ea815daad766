/**
 * Compiles the native addon into native/build: the widest kernels that this processor supports, or all. Skips addons that
 * were built from the same sources. Without an addon, the WASM backend trains; a failure is reported in one line.
 *   build-native.mjs [--all] [--optional] [--background] [--sanitize] [--architecture arm64] [--folder native]
 * --optional    always exits with 0
 * --background  runs at low priority; skips the build if another process is building or if it failed before
 * --sanitize    enables AddressSanitizer and UndefinedBehaviorSanitizer
 * --architecture compiles for another architecture, with the cross compiler in CC, CXX and AR
 */
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { withLock } from './build-lock.mjs'
import { addonFile, digestOfSources, kernelsFor, widestByAddon } from './native-sources.mjs'
import { buildByNodeGyp, NotStarted, run } from './node-gyp.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    optional: { type: 'boolean', default: false },
    background: { type: 'boolean', default: false },
    sanitize: { type: 'boolean', default: false },
    architecture: { type: 'string', default: process.arch },
    folder: { type: 'string', default: 'native' },
  },
})
const { architecture, sanitize } = values
const folder = resolve(root, values.folder)
const output = join(folder, 'build')
const digest = digestOfSources(folder)

/** Calls `work` with a temporary folder. */
async function inFolder(name, work) {
  const path = join(output, `work-${name}`)
  rmSync(path, { recursive: true, force: true })
  mkdirSync(path, { recursive: true })
  try {
    return await work(path)
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
}

/** @returns the widest kernels that this processor supports, or null. */
function widest() {
  if (architecture !== 'x64') return kernelsFor(architecture)[0]
  const known = widestByAddon(folder, digest)
  if (known !== undefined) return known
  return inFolder('probe', async (work) => {
    const probe = join(work, 'probe')
    const compiler = process.env.CXX ?? (process.platform === 'darwin' ? 'c++' : 'g++')
    await run(compiler, ['-std=c++17', join(folder, 'source', 'probe.cpp'), '-o', probe])
    return (await run(probe, [])).trim() || null
  })
}

async function wantedKernels() {
  if (process.platform === 'win32') throw new NotStarted('the kernels need gcc or clang')
  const all = kernelsFor(architecture)
  if (all.length === 0) throw new NotStarted(`there are no kernels for ${architecture}`)
  if (values.all || architecture !== process.arch) return all
  const one = await widest()
  if (one === null) throw new NotStarted('this processor has neither AVX2 with FMA nor NEON')
  return [one]
}

async function compile(kernels) {
  const failure = addonFile(folder, kernels, digest, '.failed')
  try {
    await inFolder(kernels, async (work) => {
      for (const name of ['binding.gyp', 'source'])
        cpSync(join(folder, name), join(work, name), { recursive: true })
      if (digestOfSources(work) !== digest) throw new NotStarted('the sources are being changed')
      await buildByNodeGyp(work, { architecture, kernels, sanitize })
      renameSync(join(work, 'build', 'Release', 'descent.node'), addonFile(folder, kernels, digest))
    })
    rmSync(failure, { force: true })
  } catch (error) {
    if (!(error instanceof NotStarted)) writeFileSync(failure, error.message)
    throw error
  }
}

/** Removes files of interrupted builds and of other sources. */
function removeLeftovers(isLeftover) {
  for (const name of readdirSync(output))
    if (isLeftover(name)) rmSync(join(output, name), { recursive: true, force: true })
}

async function build() {
  const isMissing = (kernels) =>
    !existsSync(addonFile(folder, kernels, digest)) &&
    !(values.background && existsSync(addonFile(folder, kernels, digest, '.failed')))
  removeLeftovers((name) => name.startsWith('work-'))
  const missing = (await wantedKernels()).filter(isMissing)
  if (missing.length === 0) return
  await Promise.all(missing.map(compile))
  removeLeftovers((name) => name !== 'lock' && !name.includes(digest))
  console.log(`descent: built the native backend (${missing.join(', ')})`)
}

try {
  if (values.background) setPriority(constants.priority.PRIORITY_LOW)
  await withLock(join(output, 'lock'), { patient: !values.background }, build)
} catch (error) {
  if (!values.optional && !values.background && error.output) process.stderr.write(error.output)
  console.log(`descent: no native backend, WASM takes over (${error.message})`)
  if (!values.optional) process.exitCode = 1
}
