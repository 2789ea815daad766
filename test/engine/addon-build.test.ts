/** Building the addon: errors take one line, and an addon of other sources is never loaded. */
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { addonFile } from '../../src/engine/kernels/native/addon-files.js'
import { runnableVariants } from '../support/kernel-variants.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const copy = mkdtempSync(path.join(tmpdir(), 'descent-build-'))
afterAll(() => rmSync(copy, { recursive: true, force: true }))
const folder = path.join(copy, 'native')
const lock = path.join(folder, 'build', 'lock')

const nothing = path.join(copy, 'nothing')
mkdirSync(nothing)

function build(options: string[], commands = process.env.PATH) {
  const { status, stdout } = spawnSync(
    process.execPath,
    [path.join(root, 'scripts', 'build-native.mjs'), '--folder', folder, ...options],
    { encoding: 'utf8', env: { ...process.env, PATH: commands, PYTHON: undefined } },
  )
  return { status, stdout }
}

const files = () => readdirSync(path.join(folder, 'build'))

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true })
  for (const name of ['binding.gyp', 'source']) {
    cpSync(path.join(root, 'native', name), path.join(folder, name), { recursive: true })
  }
})

describe('building without a compiler', () => {
  const line = /^descent: no native backend, WASM takes over \(.+ was not found\)\n$/

  test('fails with a one-line error', () => {
    expect(build([], nothing)).toEqual({ status: 1, stdout: expect.stringMatching(line) })
  })

  test('succeeds when the addon is optional', () => {
    expect(build(['--optional'], nothing)).toEqual({ status: 0, stdout: expect.stringMatching(line) })
  })

  test('leaves no file, so that the next start tries again', () => {
    build(['--background'], nothing)
    expect(files()).toEqual([])
  })
})

const compiles = spawnSync('g++', ['--version']).status === 0
if (!compiles) console.warn('Failing builds of the addon are not tested: there is no g++')

describe.skipIf(!compiles)('sources that do not compile', () => {
  const line = /^descent: no native backend, WASM takes over \(.*error: .*broken.*\)\n$/

  beforeEach(() => {
    for (const name of readdirSync(path.join(folder, 'source')).filter((each) => each.endsWith('.cpp')))
      if (name !== 'probe.cpp') writeFileSync(path.join(folder, 'source', name), '#error broken\n')
  })

  test('are compiled once in the background, again on request, and again after a change', () => {
    const failed = { status: 1, stdout: expect.stringMatching(line) }
    expect(build(['--background'])).toEqual(failed)
    expect(files()).toEqual([expect.stringMatching(/\.failed$/)])
    expect(build(['--background'])).toEqual({ status: 0, stdout: '' })
    expect(build([])).toEqual(failed)
    // Each build takes seconds.
    if (process.env.LONG_TESTS === undefined) return
    writeFileSync(path.join(folder, 'source', 'thread-pool.cpp'), '#error broken otherwise\n')
    expect(build(['--background'])).toEqual(failed)
  })

  test('are not compiled while another process builds', () => {
    mkdirSync(path.dirname(lock))
    writeFileSync(lock, String(process.pid))
    expect(build(['--background'])).toEqual({ status: 0, stdout: '' })
    expect(files()).toEqual(['lock'])
  })

  test('are compiled when the building process has exited', () => {
    mkdirSync(path.dirname(lock))
    const { pid } = spawnSync(process.execPath, ['--version'])
    writeFileSync(lock, String(pid))
    expect(build(['--background'])).toEqual({ status: 1, stdout: expect.stringMatching(line) })
  })
})

describe('the built engine', () => {
  const variant = runnableVariants[0]
  const place = () => path.join(folder, 'build', path.basename(addonFile(variant ?? 'neon')))

  /** The backend that an engine in the copy selects before and after `action`, which may install an addon. */
  function engine(action: string): { before: unknown; after: unknown } {
    for (const name of ['package.json', 'dist/src', 'dist/chunks']) {
      if (existsSync(path.join(root, name)))
        cpSync(path.join(root, name), path.join(copy, name), { recursive: true })
    }
    if (!existsSync(path.join(copy, 'node_modules')))
      symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'))
    mkdirSync(path.join(folder, 'build'), { recursive: true })
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `${training}; const before = run(); ${action}; report(before, run())`,
      ],
      { cwd: copy, encoding: 'utf8' },
    )
    expect(stderr).toBe('')
    return JSON.parse(stdout)
  }

  const inWasm = {
    choice: {
      name: 'wasm',
      passedOver: [{ name: 'native', reason: expect.stringContaining('the addon is not built') }],
    },
    state: 'finished',
    backend: 'wasm',
  }

  test('falls back to WASM without an addon, and reports why', () => {
    expect(engine('')).toEqual({ before: inWasm, after: inWasm })
  })

  test.skipIf(variant === undefined)('loads an addon that appears at run time', () => {
    const from = addonFile(variant ?? 'neon')
    const action = `copyFileSync(${JSON.stringify(from)}, ${JSON.stringify(place())})`
    const inAddon = { choice: { name: 'native', passedOver: [] }, state: 'finished', backend: 'native' }
    expect(engine(action)).toEqual({ before: inWasm, after: inAddon })
  })

  test.skipIf(variant === undefined)('ignores an addon of other sources', () => {
    const other = place().replace(/-\w+\.node$/, `-${'0'.repeat(16)}.node`)
    const action = `copyFileSync(${JSON.stringify(addonFile(variant ?? 'neon'))}, ${JSON.stringify(other)})`
    expect(engine(action)).toEqual({ before: inWasm, after: inWasm })
  })
})

const training = `
  import { copyFileSync } from 'node:fs'
  import { compile, Dataset, explainBackend, train } from './dist/src/engine/index.js'
  import { trainingSchema } from './dist/src/contract/network.js'
  const network = { inputShape: [2], layers: [{ type: 'dense', units: 1 }] }
  const spec = trainingSchema.parse({ network, loss: 'huber', epochs: 3 })
  const program = compile(spec, { inputShape: [2], targetWidth: 1, trainingRows: 4, validationRows: 0 })
  const rows = { training: Int32Array.of(0, 1, 2, 3), validation: new Int32Array(0) }
  const dataset = Dataset.from([0, 0, 0, 1, 1, 0, 1, 1], [0, 1, 1, 0], rows)
  function run() {
    const training = train(program, dataset, { backend: 'auto', seed: 1 })
    const { state } = training.run()
    return { choice: explainBackend('auto'), state, backend: training.backend }
  }
  const report = (before, after) => console.log(JSON.stringify({ before, after }))
`

const [variant] = runnableVariants
const symbols =
  variant === undefined ? null : spawnSync('nm', ['-D', '-u', addonFile(variant)], { encoding: 'utf8' })
const unknown = symbols?.status === 0 ? null : 'there is no build or no nm'
if (unknown !== null) console.warn(`What a build asks of Node is not tested: ${unknown}`)

describe.skipIf(unknown !== null)('a build', () => {
  test('uses only Node-API, so that other Node.js versions can load it', () => {
    const names = (symbols?.stdout ?? '').split('\n').map((line) => line.trim().split(/\s+/)[1] ?? '')
    const ofNode = names.filter((name) => /napi|node|v8|^uv_/i.test(name))
    expect(ofNode).toContain('napi_create_function')
    expect(ofNode.filter((name) => !name.startsWith('napi_'))).toEqual([])
  })
})
