/** The program of a worker process. */
import { once } from 'node:events'
import { pino } from 'pino'
import { AsyncDisposableStack } from '../src/base/async-disposable-stack.js'
import { readConfig } from '../src/config.js'
import { exitInTime } from '../src/process/exit-in-time.js'
import { startWorker } from './start-worker.js'

const config = readConfig()
const log = pino({ level: config.LOG_LEVEL, base: { process: 'worker' } })
const stack = new AsyncDisposableStack()
let isStopping = false

/** The address of the database from the parent process, which starts the database; undefined without a parent. */
async function databaseOfSupervisor(): Promise<string | undefined> {
  if (process.send === undefined) return undefined
  const [url] = await Promise.race([once(process, 'message'), once(process, 'disconnect')])
  // The parent ended before it had one.
  if (url === undefined) process.exit()
  return String(url)
}

async function stop(reason: string): Promise<void> {
  if (isStopping) return
  isStopping = true
  log.info({ reason }, 'worker stops')
  exitInTime(log)
  await stack.disposeAsync().catch((error) => log.error({ err: error }, 'while stopping'))
  process.exit(0)
}

process.on('SIGTERM', () => void stop('SIGTERM'))
process.on('SIGINT', () => void stop('SIGINT'))
// Without the supervisor, this process would never end.
process.on('disconnect', () => void stop('supervisor ended'))

try {
  const connectionString = config.DATABASE_URL ?? (await databaseOfSupervisor())
  if (connectionString === undefined) {
    throw new Error(
      'A worker needs DATABASE_URL, and the same REDIS_URL as the API if it has one. `npm start` sets both.',
    )
  }
  await startWorker(config, connectionString, log, stack)
  process.send?.('ready')
} catch (error) {
  // A stop during the start closes parts that the start still needs, so it fails.
  if (!isStopping) throw error
}
