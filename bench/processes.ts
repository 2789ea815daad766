/** A separate service for a benchmark: a PostgreSQL, an API process and a worker process, removed afterwards. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import pg from 'pg'
import { projectFolder } from '../examples/service.js'
import { onExit } from './cleanup.js'

export interface Processes {
  url: string
  api: ChildProcess
  worker: ChildProcess
  database: pg.Client
}

export interface Postgres {
  connectionString: string
  pid: number
  /** Ends the server and removes its data. */
  stop(): Promise<void>
}

export interface StartedProcesses extends Processes {
  postgres: Postgres
  stop(): Promise<void>
}

interface Build {
  /** Holds the `dist` of the build that is run. */
  folder: string
  port: string
  environment: Readonly<Record<string, string>>
}

const defaults: Build = { folder: projectFolder, port: process.env.PORT ?? '3917', environment: {} }

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null

/** The embedded PostgreSQL as that build starts it. */
export async function startPostgres(folder = projectFolder): Promise<Postgres> {
  const module = pathToFileURL(join(folder, 'dist', 'src', 'store', 'embedded-postgres.js')).href
  const { startEmbeddedPostgres }: typeof import('../src/store/embedded-postgres.js') = await import(module)
  const place = mkdtempSync(join(tmpdir(), 'descent-bench-'))
  // As root, PostgreSQL runs as another user, who needs to traverse the folder.
  chmodSync(place, 0o711)
  const log = { info: () => {}, warn: () => {} }
  const server = await startEmbeddedPostgres({ directory: join(place, 'postgres'), log })
  return {
    connectionString: server.connectionString,
    pid: server.pid,
    stop: onExit(async () => {
      await server.stop()
      rmSync(place, { recursive: true })
    }),
  }
}

/** Resolves when the service is ready. */
export async function startProcesses(build: Partial<Build> = {}): Promise<StartedProcesses> {
  const { folder, port, environment: more } = { ...defaults, ...build }
  const postgres = await startPostgres(folder)
  const environment = {
    ...process.env,
    DATABASE_URL: postgres.connectionString,
    REDIS_URL: process.env.REDIS_URL ?? '',
    LOG_LEVEL: 'error',
    PORT: port,
    // Each request measures a training.
    REUSE_RUNS: 'false',
    ...more,
  }
  const start = (program: string) =>
    spawn(process.execPath, [join(folder, 'dist', program)], { env: environment, stdio: 'inherit' })
  const api = start('src/server.js')
  const worker = start('workers/main.js')
  const database = new pg.Client({ connectionString: postgres.connectionString })
  // Without a listener, the end of the server would end this process.
  database.on('error', () => {})
  const stop = onExit(async () => {
    await database.end()
    await Promise.all([api, worker].map(end))
    await postgres.stop()
  })
  const url = `http://127.0.0.1:${port}`
  try {
    await database.connect()
    await readiness(url, [api, worker])
  } catch (error) {
    await stop()
    throw error
  }
  return { url, api, worker, database, postgres, stop }
}

async function readiness(url: string, children: readonly ChildProcess[]): Promise<void> {
  while (!(await fetch(`${url}/health/ready`).catch(() => null))?.ok) {
    const gone = children.find(hasEnded)
    if (gone !== undefined) throw new Error(`${gone.spawnargs[1]} ended: ${gone.exitCode ?? gone.signalCode}`)
    await sleep(100)
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  // A stopped process would not get the signal.
  child.kill('SIGCONT')
  await exited
}

export async function withProcesses(run: (processes: Processes) => Promise<void>): Promise<void> {
  const processes = await startProcesses()
  try {
    await run(processes)
  } finally {
    await processes.stop()
  }
}
