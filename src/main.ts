/** All in one, for `npm start`: an embedded PostgreSQL unless DATABASE_URL names another, the API, and a worker process. */
import { join } from 'node:path'
import { pino } from 'pino'
import { readConfig } from './config.js'
import { startServer } from './server.js'
import { keepPostgres, superviseWorker } from './supervisor.js'

const config = readConfig({ LOG_LEVEL: 'warn', ...process.env })
const log = pino({ level: config.LOG_LEVEL })

/** Undone in reverse order, whatever stopped us and wherever we were. */
const started: (() => Promise<void>)[] = []
let stopping = false

async function stop(exitCode: number): Promise<void> {
  if (stopping) return
  stopping = true
  for (const undo of started.reverse()) {
    try {
      await undo()
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
  started.push(() => postgres.stop())
  return postgres.connectionString
}

function greet(address: string): void {
  console.log(`
Descent is listening on ${address}   (open it in a browser; documentation: ${address}/docs)

Train a network on XOR:

  curl ${address}/jobs -H 'content-type: application/json' -d '{
    "dataset": "xor", "loss": "binaryCrossentropy", "epochs": 500,
    "network": {"layers": [{"type": "dense", "units": 4, "activation": "tanh"},
                           {"type": "dense", "units": 1, "activation": "sigmoid"}]},
    "optimizer": {"type": "adam", "learningRate": 0.05}}'

Ctrl-C stops everything.
`)
}

try {
  const connectionString = await findDatabase()
  const server = await startServer(config, connectionString, log)
  started.push(() => server.close())
  const supervisor = superviseWorker(
    { ...process.env, LOG_LEVEL: config.LOG_LEVEL, DATABASE_URL: connectionString },
    log,
    (workerId) => server.releaseWorker(workerId),
  )
  started.push(() => supervisor.stop())
  await supervisor.ready
  if (!stopping) greet(server.address)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  await stop(1)
}
