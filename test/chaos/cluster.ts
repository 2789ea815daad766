/** Two API and two worker processes on one PostgreSQL, each started again when it dies: a small data centre to break. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { pino } from 'pino'
import { keepPostgres } from '../../src/process/supervisor.js'
import { compileLess } from '../support/compile-less.js'
import { startRedis } from '../support/redis.js'
import { freePort, temporaryFolder } from '../support/service.js'

export type Fault =
  | 'worker'
  | 'frozen worker'
  | 'api'
  | 'postgres'
  | 'postgres backend'
  | 'redis'
  | 'redis flushed'

/** Longer than a lock lasts and a silent worker is waited for. */
const freezeMilliseconds = 10_000

class Member {
  private process: ChildProcess | undefined
  private stopping = false

  constructor(
    private readonly program: string,
    private readonly environment: Record<string, string>,
  ) {
    this.start()
  }

  private start(): void {
    const child = spawn(process.execPath, [...compileLess, this.program], {
      env: { ...process.env, LOG_LEVEL: 'error', ...this.environment },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    this.process = child
    child.once('exit', () => {
      if (!this.stopping) setTimeout(() => this.start(), 100)
    })
  }

  signal(signal: NodeJS.Signals): void {
    this.process?.kill(signal)
  }

  async stop(): Promise<number | null> {
    this.stopping = true
    const child = this.process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return null
    const exited = once(child, 'exit')
    child.kill('SIGCONT')
    child.kill('SIGTERM')
    const [code] = await exited
    return code
  }
}

export interface Cluster {
  urls: string[]
  connectionString: string
  /** Does it, and returns when the fault is over (the recovery is not). */
  strike(fault: Fault, choice: number): Promise<void>
  stop(): Promise<void>
}

export async function startCluster(queue: 'PostgreSQL' | 'Redis'): Promise<Cluster> {
  const folder = temporaryFolder()
  const postgres = await keepPostgres(`${folder.path}/postgres`, pino({ level: 'silent' }), () => {
    throw new Error('PostgreSQL did not come back')
  })
  const redis = queue === 'Redis' ? await startRedis() : undefined
  const environment = {
    DATABASE_URL: postgres.connectionString,
    REDIS_URL: redis?.url ?? '',
    // Jobs with the same seed are trained, not answered from each other's runs.
    REUSE_RUNS: 'false',
    CHECKPOINT_SECONDS: '0.1',
    WORKER_CONCURRENCY: '2',
  }
  const ports = [await freePort(), await freePort()]
  const apis = ports.map((port) => new Member('dist/src/server.js', { ...environment, PORT: String(port) }))
  const workers = ports.map(() => new Member('dist/workers/main.js', environment))
  const urls = ports.map((port) => `http://127.0.0.1:${port}`)
  for (const url of urls) while (!(await fetch(`${url}/health/ready`).catch(() => null))?.ok) await sleep(100)

  async function asAdministrator(statement: string): Promise<number[]> {
    const client = new pg.Client({ connectionString: postgres.connectionString })
    client.on('error', () => {})
    try {
      await client.connect()
      const { rows } = await client.query<{ pid: number }>(statement)
      return rows.map((row) => row.pid)
    } catch {
      return []
    } finally {
      await client.end().catch(() => {})
    }
  }

  return {
    urls,
    connectionString: postgres.connectionString,
    async strike(fault, choice) {
      const member = (members: Member[]) => members[choice % members.length]
      switch (fault) {
        case 'worker':
          member(workers).signal('SIGKILL')
          break
        case 'frozen worker': {
          const worker = member(workers)
          worker.signal('SIGSTOP')
          await sleep(freezeMilliseconds)
          worker.signal('SIGCONT')
          break
        }
        case 'api':
          // Both down at once for good would only show that nobody answers then.
          for (const url of urls)
            while (!(await fetch(`${url}/health/live`).catch(() => null))?.ok) await sleep(50)
          member(apis).signal('SIGKILL')
          break
        case 'postgres': {
          kill(postgres.pid())
          break
        }
        case 'postgres backend': {
          const pids = await asAdministrator(
            `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY pid`,
          )
          if (pids.length > 0) kill(pids[choice % pids.length])
          break
        }
        case 'redis':
          await redis?.crash()
          break
        case 'redis flushed':
          await redis?.flush()
          break
        default:
          fault satisfies never
      }
    },
    async stop() {
      await Promise.all([...apis, ...workers].map((member) => member.stop()))
      await redis?.stop()
      await postgres.stop()
      folder.remove()
    },
  }
}

/** It may have died by itself just now. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {}
}
