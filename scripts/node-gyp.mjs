// node-gyp as npm brings it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Without an answer from the network in this time there are no headers to be had. */
const patience = 240_000

/** @returns node-gyp: named by npm while it runs a script, else beside this Node. */
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

/** A build that was not begun for want of something, or broken off: the next may succeed. */
export class NotBegun extends Error {}

/** Runs a command. @throws NotBegun or Error with the reason in one line; `output` of the error is what it wrote. */
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
      fail(NotBegun, code === 'ENOENT' ? `${command} is not found` : message),
    )
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(output)
      const missing = /(?:make|g\+\+|c\+\+|cc1plus): (?:.*not found|.*No such file.*)$/m.exec(output)?.[0]
      if (missing !== undefined) return fail(NotBegun, missing)
      if (signal !== null) return fail(NotBegun, `ended by ${signal}`)
      const compiler = /^.*\b(?:fatal error|error): .*$/m.exec(output)?.[0]
      const gyp = /^gyp ERR! stack (?:Error: )?(.+)$/m.exec(output)?.[1]
      fail(Error, compiler ?? gyp ?? `${command} failed`)
    })
  })
}

/** Compiles the addon of binding.gyp in `folder`. @throws as `run`. */
export async function buildByNodeGyp(folder, { architecture, kernels, sanitize }) {
  const tool = nodeGyp()
  if (tool === undefined) throw new NotBegun('there is no node-gyp beside npm')
  const configuration = ['configure', '-C', folder, `--arch=${architecture}`]
  // Headers that came with this Node need no download.
  const prefix = dirname(dirname(process.execPath))
  if (existsSync(join(prefix, 'include', 'node', 'node_api.h'))) configuration.push(`--nodedir=${prefix}`)
  configuration.push('--', `-Dkernels=${kernels}`, ...(sanitize ? ['-Dsanitize=1'] : []))
  await run(process.execPath, [tool, ...configuration], { timeout: patience }).catch((error) => {
    throw Object.assign(new NotBegun(error.message), { output: error.output })
  })
  await run(process.execPath, [tool, 'build', '-C', folder, '--jobs=max'])
}
