/** The built program in separate processes, as a user runs it, with a free port and a separate folder. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { compileLess } from './compile-less.js'

export interface Service {
  /** Empty for a worker. */
  url: string
  process: ChildProcess
  /** What it wrote, both streams. */
  output(): string
  /** Process numbers of its worker processes now. */
  workerPids(): number[]
  stop(signal?: NodeJS.Signals): Promise<{ code: number | null; milliseconds: number }>
}

interface StartOptions {
  /** Whom it runs as; only root may choose. */
  uid?: number
  gid?: number
  /** Options of Node. */
  flags?: readonly string[]
}

export async function startService(
  environment: Record<string, string>,
  program = 'dist/src/main.js',
  { flags = compileLess, ...identity }: StartOptions = {},
): Promise<Service> {
  const child = spawn(process.execPath, [...flags, program], {
    env: {
      ...process.env,
      PORT: '0',
      HOST: '',
      DATABASE_URL: '',
      REDIS_URL: '',
      REUSE_RUNS: 'false',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...identity,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  }
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  // Of the all-in-one service, its worker may be ready first.
  const ready = program.includes('workers/')
    ? /worker is ready/
    : /(?:listening on|Participants open) (?<url>http:[\w.:/-]+)/
  let url: string | undefined
  while (url === undefined) {
    const begun = ready.exec(output)
    if (begun !== null) url = begun.groups?.url ?? ''
    if (hasEnded()) throw new Error(`the service ended while starting:\n${output}`)
    await sleep(20)
  }
  return {
    url,
    process: child,
    output: () => output,
    workerPids() {
      const found = spawnSync('pgrep', ['-P', String(child.pid), '-f', 'workers/main.js'], {
        encoding: 'utf8',
      })
      return found.stdout.split('\n').filter(Boolean).map(Number)
    },
    async stop(signal = 'SIGTERM') {
      const begin = Date.now()
      if (!hasEnded()) {
        const exited = once(child, 'exit')
        child.kill(signal)
        await exited
      }
      return { code: child.exitCode, milliseconds: Date.now() - begin }
    },
  }
}

/** A folder that is removed when all tests of the file have run. */
export function temporaryFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'descent-test-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return address.port
}

/** Waits until `probe` gives something; the test's own time limit ends the wait. */
export async function eventually<T>(probe: () => Promise<T | undefined> | T | undefined): Promise<T> {
  let over = false
  onTestFinished(() => {
    over = true
  })
  for (;;) {
    const value = await probe()
    if (value !== undefined) return value
    if (over) throw new Error('the test ended while waiting')
    await sleep(25)
  }
}
