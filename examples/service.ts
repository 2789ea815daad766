/** Runs a demonstration against a running or newly started service. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ZodError } from 'zod'
import { readConfig } from '../src/config.js'

/** Includes the creation of the database at the first start. */
const startMilliseconds = 60_000
const stopMilliseconds = 15_000

/** The folder of package.json, both from the sources and from dist. */
export const projectFolder = ((): string => {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
})()

/**
 * Runs a demonstration against the service at HOST and PORT. Starts the service if none responds, and stops it
 * afterwards. Prints a failure as one sentence and sets the exit code to 1.
 */
export async function demonstrate(run: (url: string) => Promise<void>): Promise<void> {
  let service: StartedService | undefined
  // The reader of a pipe may close it early, as `head` does.
  process.stdout.once('error', () => {
    process.stdout.on('error', () => {})
    void Promise.resolve(service?.stop()).finally(() => process.exit(1))
  })
  try {
    const { HOST, PORT } = readConfig()
    const url = `http://${['0.0.0.0', '::'].includes(HOST) ? '127.0.0.1' : HOST}:${PORT}`
    if (!(await isReady(url))) {
      console.log(`No service responds at ${url}; starting one.`)
      service = startService()
      stopOnSignals(service)
      await readiness(url, service)
    }
    await run(url)
  } catch (error) {
    console.error(`The demonstration failed: ${error instanceof Error ? sentence(error) : String(error)}`)
    process.exitCode = 1
  } finally {
    await service?.stop()
  }
}

function sentence(error: Error): string {
  if (error instanceof ZodError)
    return `the response of the service does not match its contract. ${error.message}`
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message
}

/** False if nothing responds or the service is starting. @throws Error when another program responds */
async function isReady(url: string): Promise<boolean> {
  const response = await fetch(`${url}/health/ready`).catch(() => undefined)
  if (response === undefined) return false
  await response.body?.cancel()
  if (response.status === 404) {
    throw new Error(`another program responds at ${url}; set PORT to a free port`)
  }
  return response.ok
}

interface StartedService {
  hasEnded(): boolean
  /** The end of its standard error. */
  complaints(): string
  stop(): Promise<void>
}

function startService(): StartedService {
  const program = join(projectFolder, 'dist', 'src', 'main.js')
  if (!existsSync(program)) throw new Error('the service is not built; run npm run build')
  // A separate process group, so that Ctrl-C reaches the service only through `stop`, once.
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
    if (service.hasEnded()) throw new Error(`the service exited during startup. ${service.complaints()}`)
    if (Date.now() > deadline) {
      throw new Error(
        `the service was not ready after ${startMilliseconds / 1_000} s. ${service.complaints()}`,
      )
    }
    await wait(100)
  }
}
