/** A service of a benchmark's own: a PostgreSQL, an API process and a worker process, ended and removed afterwards. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { projectFolder } from '../examples/service.js'
import { startEmbeddedPostgres } from '../src/store/embedded-postgres.js'

export interface Processes {
  url: string
  api: ChildProcess
  worker: ChildProcess
  database: pg.Client
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null

export async function withProcesses(run: (processes: Processes) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'descent-bench-'))
  const silent = { info: () => {}, warn: () => {} }
  const postgres = await startEmbeddedPostgres({ directory: join(folder, 'postgres'), log: silent })
  const environment = {
    ...process.env,
    DATABASE_URL: postgres.connectionString,
    REDIS_URL: process.env.REDIS_URL ?? '',
    LOG_LEVEL: 'error',
    PORT: process.env.PORT ?? '3917',
  }
  const start = (program: string) =>
    spawn(process.execPath, [join(projectFolder, 'dist', program)], { env: environment, stdio: 'inherit' })
  const api = start('src/server.js')
  const worker = start('workers/main.js')
  const database = new pg.Client({ connectionString: postgres.connectionString })
  try {
    await database.connect()
    const url = `http://127.0.0.1:${environment.PORT}`
    while (!(await fetch(`${url}/health/ready`).catch(() => null))?.ok) {
      const gone = [api, worker].find(hasEnded)
      if (gone !== undefined)
        throw new Error(`${gone.spawnargs[1]} ended: ${gone.exitCode ?? gone.signalCode}`)
      await sleep(100)
    }
    await run({ url, api, worker, database })
  } finally {
    await database.end()
    for (const child of [api, worker]) {
      if (hasEnded(child)) continue
      const exited = once(child, 'exit')
      child.kill('SIGTERM')
      await exited
    }
    await postgres.stop()
    rmSync(folder, { recursive: true })
  }
}
