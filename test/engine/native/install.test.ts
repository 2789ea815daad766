/** Installing never fails for want of a compiler: it says in one line that WASM takes over. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
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
})
