// A copy of the tree with a separate addon, for scripts that build the addon with other settings.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * Calls `work` with the folder of the copy and a function that runs commands in it and throws on failure, then removes the
 * copy.
 */
export function inTreeCopy(work) {
  const copy = mkdtempSync(join(tmpdir(), 'descent-copy-'))
  function run(command, args, env = {}) {
    const { status, signal, error } = spawnSync(command, args, {
      cwd: copy,
      stdio: 'inherit',
      env: { ...process.env, ...env },
    })
    if (error !== undefined) throw error
    if (status !== 0) throw new Error(`${command} ${args[0]} ended with ${status ?? signal}`)
  }
  try {
    const skipped = [join(root, 'native', 'build'), join(root, 'dist'), join(root, 'bench', 'peers')]
    for (const name of [
      'src',
      'test',
      'bench',
      'native',
      'scripts',
      'package.json',
      'tsconfig.json',
      'vitest.config.ts',
    ]) {
      cpSync(join(root, name), join(copy, name), {
        recursive: true,
        filter: (path) => !skipped.includes(path),
      })
    }
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
    work(copy, run)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** Arguments of a check that fails unless an addon with supported kernels loads; otherwise the suites would skip it. */
export const addonLoads = [
  '-e',
  `const folder = './native/build/'
   const addons = require('node:fs').readdirSync(folder).filter((name) => name.endsWith('.node'))
   const names = addons.map((name) => require(folder + name).variant('')).filter((name) => name !== null)
   console.log('the addon runs its kernels for ' + names.join(', '))
   if (names.length === 0) process.exit(1)`,
]

/** Vitest arguments for all test suites of the addon. */
export const addonSuites = [
  join(root, 'node_modules', 'vitest', 'vitest.mjs'),
  'run',
  'test/engine/native',
  'test/conformance/engine',
  '-t',
  'native|addon|kernels|threads',
]
