/** Installing never fails for want of a compiler: it says in one line that WASM takes over. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const copy = mkdtempSync(path.join(tmpdir(), 'descent-install-'))
afterAll(() => rmSync(copy, { recursive: true, force: true }))

/** The install script over a copy of the sources, with these commands to be found and no others. */
function install(commands: string): { status: number | null; stdout: string; built: boolean } {
  const folder = path.join(copy, 'native')
  for (const name of ['binding.gyp', 'source']) {
    cpSync(path.join(root, 'native', name), path.join(folder, name), { recursive: true })
  }
  const { status, stdout } = spawnSync(
    process.execPath,
    [path.join(root, 'scripts', 'build-native.mjs'), '--folder', folder],
    { encoding: 'utf8', env: { ...process.env, PATH: commands, PYTHON: undefined } },
  )
  return { status, stdout, built: existsSync(path.join(folder, 'build', 'Release', 'descent.node')) }
}

describe('installing without a compiler', () => {
  test('succeeds and says so in one line', () => {
    const nothing = path.join(copy, 'nothing')
    mkdirSync(nothing)
    const { status, stdout, built } = install(nothing)
    expect(built).toBe(false)
    expect(stdout).toMatch(/^descent: no native backend, WASM takes over \(.+\)\n$/)
    expect(status).toBe(0)
  })

  test('leaves an engine that trains in WASM and says why', () => {
    for (const name of ['package.json', 'dist/src'])
      cpSync(path.join(root, name), path.join(copy, name), { recursive: true })
    symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'))
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', training], {
      cwd: copy,
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    const { choice, state, backend } = JSON.parse(stdout)
    const reason = expect.stringContaining('the addon is not built')
    expect(choice).toEqual({ name: 'wasm', passedOver: [{ name: 'native', reason }] })
    expect({ state, backend }).toEqual({ state: 'finished', backend: 'wasm' })
  })
})

const training = `
  import { compile, Dataset, explainBackend, train } from './dist/src/engine/index.js'
  import { trainingSchema } from './dist/src/contract/network.js'
  const network = { inputShape: [2], layers: [{ type: 'dense', units: 1 }] }
  const spec = trainingSchema.parse({ network, loss: 'huber', epochs: 3 })
  const program = compile(spec, { inputShape: [2], targetWidth: 1, trainingRows: 4, validationRows: 0 })
  const rows = { training: Int32Array.of(0, 1, 2, 3), validation: new Int32Array(0) }
  const dataset = Dataset.from([0, 0, 0, 1, 1, 0, 1, 1], [0, 1, 1, 0], rows)
  const run = train(program, dataset, { backend: 'auto', seed: 1 })
  const { state } = run.run()
  console.log(JSON.stringify({ choice: explainBackend('auto'), state, backend: run.backend }))
`

const binary = path.join(root, 'native', 'build', 'Release', 'descent.node')
const symbols = existsSync(binary) ? spawnSync('nm', ['-D', '-u', binary], { encoding: 'utf8' }) : null
const unknown = symbols?.status === 0 ? null : 'there is no build or no nm'
if (unknown !== null) console.warn(`What a build asks of Node is not tested: ${unknown}`)

describe.skipIf(unknown !== null)('a build', () => {
  test('asks nothing of Node but Node-API, so that other versions run it as it is', () => {
    const names = (symbols?.stdout ?? '').split('\n').map((line) => line.trim().split(/\s+/)[1] ?? '')
    const ofNode = names.filter((name) => /napi|node|v8|^uv_/i.test(name))
    expect(ofNode).toContain('napi_create_function')
    expect(ofNode.filter((name) => !name.startsWith('napi_'))).toEqual([])
  })
})
