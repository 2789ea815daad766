/** All in one: an embedded PostgreSQL unless DATABASE_URL names another, the API, and a worker process. */
import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import type { Config } from './config.js'
import { keepPostgres, type Supervisor, superviseWorker } from './process/supervisor.js'
import type { Server } from './server.js'
import { withKeyFile } from './webhooks/key-file.js'

interface Occasion {
  /** Called when the database runs, before the API starts. */
  prepare?: (connectionString: string) => Promise<void>
  /** What to print when the service is ready. */
  greet(server: Pick<Server, 'address' | 'needsKey'>): string
}

interface Parts {
  supervisor?: Pick<Supervisor, 'stop'>
  server?: { stop(): Promise<void> }
  postgres?: { stop(): Promise<void> }
}

/** Stops the parts in order, wherever the start was, and exits. A second call does nothing. */
class Shutdown {
  readonly parts: Parts = {}
  started = false

  constructor(private readonly log: Logger) {}

  async stop(exitCode: number): Promise<void> {
    if (this.started) return
    this.started = true
    const { supervisor, server, postgres } = this.parts
    for (const part of [supervisor, server, postgres]) {
      try {
        await part?.stop()
      } catch (error) {
        this.log.error({ err: error }, 'while stopping')
      }
    }
    process.exit(exitCode)
  }
}

/** Runs until a signal stops the process. */
export async function runAllInOne(config: Config, { prepare, greet }: Occasion): Promise<void> {
  const log = pino({ level: config.LOG_LEVEL })
  const shutdown = new Shutdown(log)
  process.on('SIGINT', () => void shutdown.stop(0))
  process.on('SIGTERM', () => void shutdown.stop(0))
  try {
    const database = findDatabase(config, shutdown, log).then(async (connectionString) => {
      await prepare?.(connectionString)
      return connectionString
    })
    const serving = serve(config, database, shutdown, log)
    const supervisor = superviseWorker(
      { ...process.env, LOG_LEVEL: config.LOG_LEVEL },
      database,
      log,
      async (workerId) => (await serving).releaseWorker(workerId),
    )
    shutdown.parts.supervisor = supervisor
    const [server] = await Promise.all([serving, supervisor.ready])
    if (!shutdown.started) console.log(greet(server))
  } catch (error) {
    // A start that is stopped fails for want of what was stopped.
    if (!shutdown.started) console.error(error instanceof Error ? error.message : error)
    await shutdown.stop(1)
  }
}

async function findDatabase(config: Config, shutdown: Shutdown, log: Logger): Promise<string> {
  if (config.DATABASE_URL !== undefined) return config.DATABASE_URL
  const directory = join(config.DATA_DIRECTORY, 'postgres')
  const postgres = await keepPostgres(directory, log, () => void shutdown.stop(1))
  shutdown.parts.postgres = postgres
  return postgres.connectionString
}

/** With the embedded database, the service stores a separate key. */
async function webhookKeys(config: Config): Promise<string[]> {
  if (config.DATABASE_URL !== undefined) return config.WEBHOOK_KEYS
  return withKeyFile(config.WEBHOOK_KEYS, config.DATA_DIRECTORY)
}

async function serve(
  config: Config,
  database: Promise<string>,
  shutdown: Shutdown,
  log: Logger,
): Promise<Server> {
  // Loaded while PostgreSQL starts.
  const { startServer } = await import('./server.js')
  const server = await startServer(
    { ...config, WEBHOOK_KEYS: await webhookKeys(config) },
    await database,
    log,
  )
  shutdown.parts.server = { stop: () => server.close() }
  return server
}
