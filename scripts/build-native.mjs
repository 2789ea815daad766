// Builds the native addon into native/build/Release when the package is installed. Where that is not possible it says
// so in one line and succeeds: the WASM backend takes over.
//   build-native.mjs [--sanitize] [--architecture arm64] [--folder native]
// With sanitizers, or for another architecture (by the cross compiler that CC, CXX and AR name), it fails instead, and shows
// what the compiler said.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { values } = parseArgs({
  options: {
    sanitize: { type: 'boolean', default: false },
    architecture: { type: 'string', default: process.arch },
    folder: { type: 'string', default: 'native' },
  },
})
const folder = resolve(root, values.folder)
const binary = join(folder, 'build', 'Release', 'descent.node')
const wanted = values.sanitize || values.architecture !== process.arch
/** Without an answer from the network in this time there are no headers to be had; who wants more waits as long as it takes. */
const patience = wanted ? undefined : 240_000

/** @returns node-gyp as npm brings it: named by npm while it runs a script, else beside this Node. */
function nodeGyp() {
  const prefix = dirname(dirname(process.execPath))
  const candidates = [
    process.env.npm_config_node_gyp,
    process.env.npm_execpath &&
      join(dirname(process.env.npm_execpath), '..', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js'),
    join(prefix, 'lib', 'node_modules', 'npm', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js'),
    join(prefix, 'share', 'nodejs', 'node-gyp', 'bin', 'node-gyp.js'),
  ]
  return candidates.find((path) => path !== undefined && existsSync(path))
}

function isFresh() {
  if (!existsSync(binary)) return false
  const sources = join(folder, 'source')
  const inputs = [join(folder, 'binding.gyp'), ...readdirSync(sources).map((name) => join(sources, name))]
  const built = statSync(binary).mtimeMs
  return inputs.every((path) => statSync(path).mtimeMs < built)
}

/** @returns null when the addon was built, else why not. */
function build() {
  if (process.platform === 'win32') return 'its kernels are written for gcc and clang'
  if (values.architecture !== 'x64' && values.architecture !== 'arm64')
    return `there are no kernels for ${values.architecture}`
  const tool = nodeGyp()
  if (tool === undefined) return 'there is no node-gyp beside npm'
  const args = [tool, 'rebuild', '-C', folder, '--jobs=max', `--arch=${values.architecture}`]
  // Headers that came with this Node need no download.
  const prefix = dirname(dirname(process.execPath))
  if (existsSync(join(prefix, 'include', 'node', 'node_api.h'))) args.push(`--nodedir=${prefix}`)
  if (values.sanitize) args.push('--', '-Dsanitize=1')
  const { status, error, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: patience,
  })
  if (status === 0) return null
  if (error !== undefined) return error.message
  if (wanted) process.stderr.write(`${stdout}${stderr}`)
  const compiler = /(?:make|g\+\+|c\+\+|cc1plus): (?:.*not found|.*No such file.*)$/m.exec(stderr)?.[0]
  return compiler ?? /^gyp ERR! stack (?:Error: )?(.+)$/m.exec(stderr)?.[1] ?? 'node-gyp failed'
}

if (!isFresh()) {
  const reason = build()
  if (reason === null) console.log('descent: built the native backend')
  else console.log(`descent: no native backend, WASM takes over (${reason})`)
  if (reason !== null && wanted) process.exitCode = 1
}
