/** All in one, for `npm start`: an embedded PostgreSQL unless DATABASE_URL names another, the API, and a worker process. */
import { join } from 'node:path'
import { pino } from 'pino'
import { readConfig } from './config.js'
import { greeting } from './process/greeting.js'
import { keepPostgres, type Supervisor, superviseWorker } from './process/supervisor.js'
import type { Server } from './server.js'
import { withKeyFile } from './webhooks/key-file.js'

const config = readConfig({ LOG_LEVEL: 'warn', ...process.env })
const log = pino({ level: config.LOG_LEVEL })

/** In the order in which they are stopped, wherever the start was. */
const parts: {
  supervisor?: Pick<Supervisor, 'stop'>
  server?: { stop(): Promise<void> }
  postgres?: { stop(): Promise<void> }
} = {}
let stopping = false

async function stop(exitCode: number): Promise<void> {
  if (stopping) return
  stopping = true
  for (const part of [parts.supervisor, parts.server, parts.postgres]) {
    try {
      await part?.stop()
    } catch (error) {
      log.error({ err: error }, 'while stopping')
    }
  }
  process.exit(exitCode)
}

process.on('SIGINT', () => void stop(0))
process.on('SIGTERM', () => void stop(0))

async function findDatabase(): Promise<string> {
  if (config.DATABASE_URL !== undefined) return config.DATABASE_URL
  const postgres = await keepPostgres(join(config.DATA_DIRECTORY, 'postgres'), log, () => void stop(1))
  parts.postgres = postgres
  return postgres.connectionString
}

/** With the embedded database, the service stores a separate key. */
async function webhookKeys(): Promise<string[]> {
  if (config.DATABASE_URL !== undefined) return config.WEBHOOK_KEYS
  return withKeyFile(config.WEBHOOK_KEYS, config.DATA_DIRECTORY)
}

async function serve(database: Promise<string>): Promise<Server> {
  // Loaded while PostgreSQL starts.
  const { startServer } = await import('./server.js')
  const server = await startServer({ ...config, WEBHOOK_KEYS: await webhookKeys() }, await database, log)
  parts.server = { stop: () => server.close() }
  return server
}

try {
  const database = findDatabase()
  const serving = serve(database)
  const supervisor = superviseWorker(
    { ...process.env, LOG_LEVEL: config.LOG_LEVEL },
    database,
    log,
    async (workerId) => (await serving).releaseWorker(workerId),
  )
  parts.supervisor = supervisor
  const [server] = await Promise.all([serving, supervisor.ready])
  if (!stopping) console.log(greeting(server.address, config.HOST, server.needsKey))
} catch (error) {
  // A start that is stopped fails for want of what was stopped.
  if (!stopping) console.error(error instanceof Error ? error.message : error)
  await stop(1)
}
