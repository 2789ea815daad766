// Runs the node-gyp that npm bundles.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Timeout for downloading the headers. */
const patience = 240_000

/** @returns the path of node-gyp, from npm's environment or next to this Node.js. */
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

/** A build that could not start or was interrupted; a later build may succeed. */
export class NotStarted extends Error {}

/** Runs a command. @throws NotStarted or Error with a one-line reason; the error's `output` is the output. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8')
      stream.on('data', (text) => {
        output += text
      })
    }
    const fail = (Kind, reason) => reject(Object.assign(new Kind(reason), { output }))
    child.on('error', ({ code, message }) =>
      fail(NotStarted, code === 'ENOENT' ? `${command} was not found` : message),
    )
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(output)
      const missing = /(?:make|g\+\+|c\+\+|cc1plus): (?:.*not found|.*No such file.*)$/m.exec(output)?.[0]
      if (missing !== undefined) return fail(NotStarted, missing)
      if (signal !== null) return fail(NotStarted, `terminated by ${signal}`)
      const compiler = /^.*\b(?:fatal error|error): .*$/m.exec(output)?.[0]
      const gyp = /^gyp ERR! stack (?:Error: )?(.+)$/m.exec(output)?.[1]
      fail(Error, compiler ?? gyp ?? `${command} failed`)
    })
  })
}

/** Compiles the addon of binding.gyp in `folder`. @throws as `run`. */
export async function buildByNodeGyp(folder, { architecture, kernels, sanitize }) {
  const tool = nodeGyp()
  if (tool === undefined) throw new NotStarted('node-gyp was not found next to npm')
  const configuration = ['configure', '-C', folder, `--arch=${architecture}`]
  // Uses the headers of this Node.js installation, if present, instead of a download.
  const prefix = dirname(dirname(process.execPath))
  if (existsSync(join(prefix, 'include', 'node', 'node_api.h'))) configuration.push(`--nodedir=${prefix}`)
  configuration.push('--', `-Dkernels=${kernels}`, ...(sanitize ? ['-Dsanitize=1'] : []))
  await run(process.execPath, [tool, ...configuration], { timeout: patience }).catch((error) => {
    throw Object.assign(new NotStarted(error.message), { output: error.output })
  })
  await run(process.execPath, [tool, 'build', '-C', folder, '--jobs=max'])
}
