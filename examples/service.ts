/** Runs a demonstration against a service that is found or started. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ZodError } from 'zod'
import { readConfig } from '../src/config.js'

/** A first start also creates the database. */
const startMilliseconds = 60_000
const stopMilliseconds = 15_000

/** The folder of package.json, from the sources and from dist alike. */
export const projectFolder = ((): string => {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
})()

/**
 * Runs one demonstration against the service at HOST and PORT, which is started first if none answers there, and
 * stopped afterwards if it was started here. A failure is printed as one sentence and makes the exit code 1.
 */
export async function demonstrate(run: (url: string) => Promise<void>): Promise<void> {
  let service: StartedService | undefined
  // Whoever reads the output may leave before its end, as `head` does.
  process.stdout.once('error', () => {
    process.stdout.on('error', () => {})
    void Promise.resolve(service?.stop()).finally(() => process.exit(1))
  })
  try {
    const { HOST, PORT } = readConfig()
    const url = `http://${['0.0.0.0', '::'].includes(HOST) ? '127.0.0.1' : HOST}:${PORT}`
    if (!(await isReady(url))) {
      console.log(`No service answers at ${url}: starting one.`)
      service = startService()
      stopOnSignals(service)
      await readiness(url, service)
    }
    await run(url)
  } catch (error) {
    console.error(`This did not work: ${error instanceof Error ? sentence(error) : String(error)}`)
    process.exitCode = 1
  } finally {
    await service?.stop()
  }
}

function sentence(error: Error): string {
  if (error instanceof ZodError) return `the service's answer is not what its contract says. ${error.message}`
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message
}

/** False when nobody answers, or a service that is still starting; throws when somebody else does. */
async function isReady(url: string): Promise<boolean> {
  const response = await fetch(`${url}/health/ready`).catch(() => undefined)
  if (response === undefined) return false
  await response.body?.cancel()
  if (response.status === 404) {
    throw new Error(`something other than Descent answers at ${url}: set PORT to a free one`)
  }
  return response.ok
}

interface StartedService {
  hasEnded(): boolean
  /** The end of what it wrote to its error stream. */
  complaints(): string
  stop(): Promise<void>
}

function startService(): StartedService {
  const program = join(projectFolder, 'dist', 'src', 'main.js')
  if (!existsSync(program)) throw new Error('the service is not built yet: run npm run build')
  // A process group of its own, so that Ctrl-C reaches it only through `stop`, and once.
  const service = spawn(process.execPath, [program], {
    cwd: projectFolder,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let complaints = ''
  service.stderr.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-2_000)
  })
  const ended = once(service, 'exit')
  const hasEnded = () => service.exitCode !== null || service.signalCode !== null
  const end = async () => {
    if (hasEnded()) return
    service.kill('SIGTERM')
    const patience = new AbortController()
    const late = wait(stopMilliseconds, 'late', { signal: patience.signal }).catch(() => 'in time')
    if ((await Promise.race([ended, late])) === 'late') service.kill('SIGKILL')
    patience.abort()
  }
  let ending: Promise<void> | undefined
  return {
    hasEnded,
    complaints: () => complaints,
    stop() {
      ending ??= end()
      return ending
    },
  }
}

function stopOnSignals(service: StartedService): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void service.stop().finally(() => process.exit(1)))
  }
}

async function readiness(url: string, service: StartedService): Promise<void> {
  const deadline = Date.now() + startMilliseconds
  while (!(await isReady(url))) {
    if (service.hasEnded()) throw new Error(`the service ended while starting. ${service.complaints()}`)
    if (Date.now() > deadline) {
      throw new Error(
        `the service was not ready after ${startMilliseconds / 1_000} s. ${service.complaints()}`,
      )
    }
    await wait(100)
  }
}
