/**
 * Builds the native addon while the service runs, at the lowest priority. WASM trains until the build ends, and jobs
 * claimed after it use the addon. A container has no compiler: its image contains the addon.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { BackendName } from '../engine/index.js'
import { hasWidestKernels, unavailableReason } from '../engine/kernels/native/addon.js'
import { nativeFolder } from '../engine/kernels/native/addon-files.js'

const script = join(nativeFolder, '..', 'scripts', 'build-native.mjs')

/**
 * Starts a build if the fastest kernels for this processor are missing. Waits for it only if no other backend may be
 * used.
 * @returns whether a build is under way
 */
export async function buildAddon(
  backend: BackendName | 'auto',
  log: Pick<Logger, 'info' | 'warn'>,
): Promise<boolean> {
  switch (backend) {
    case 'wasm':
    case 'reference':
      return false
    case 'native':
      if (unavailableReason() !== null && existsSync(script)) await finish(start([]), log)
      return false
    case 'auto':
      if (hasWidestKernels() || !existsSync(script)) return false
      void finish(start(['--background']), log)
      return true
    default:
      throw new Error(`unknown backend ${backend satisfies never}`)
  }
}

/** Runs in a separate process group, which ends with this process, because the compiler is a grandchild. */
function start(options: string[]): ChildProcess {
  const child = spawn(process.execPath, [script, ...options], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  child.unref()
  const stop = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
    } catch {
      // It has already ended.
    }
  }
  process.once('exit', stop)
  child.once('exit', () => process.off('exit', stop))
  return child
}

async function finish(child: ChildProcess, log: Pick<Logger, 'info' | 'warn'>): Promise<void> {
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const [code] = await once(child, 'close').catch((error: Error) => {
    output = error.message
    return [1]
  })
  if (output === '') return
  if (code === 0) log.info(output.trim())
  else log.warn(output.trim())
}
