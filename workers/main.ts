/** The worker process: is woken, claims jobs and trains them. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { pino } from 'pino'
import { limitsOf, readConfig } from '../src/config.js'
import { explainBackend } from '../src/engine/index.js'
import { buildAddon } from '../src/process/addon-build.js'
import { exitInTime } from '../src/process/exit-in-time.js'
import { databaseTrouble, openDatabase } from '../src/store/database.js'
import { datasetStore } from '../src/store/datasets.js'
import { listenForHints } from '../src/store/hints.js'
import { jobStore } from '../src/store/jobs.js'
import { applyMigrations, migrationsDirectory } from '../src/store/migrations.js'
import { modelStore } from '../src/store/models.js'
import { runStore } from '../src/store/runs.js'
import { metricStore } from '../src/store/service-metrics.js'
import { notifyQueue } from '../src/store/wake-ups.js'
import { workerStore } from '../src/store/workers.js'
import { reconcileForever } from '../src/training/reconcile.js'
import { Lanes } from './claim-loops.js'
import { Processor } from './processor.js'
import { reportForever } from './report-worker.js'
import { SharedDatasets } from './shared-datasets.js'
import { StoredTables } from './stored-tables.js'
import { TrainerPool } from './trainer-pool.js'

const config = readConfig()
const log = pino({ level: config.LOG_LEVEL, base: { process: 'worker' } })
const connectionString = config.DATABASE_URL ?? (await databaseOfSupervisor())
if (connectionString === undefined) {
  throw new Error(
    'A worker needs DATABASE_URL, and the same REDIS_URL as the API if it has one. `npm start` sets both.',
  )
}

/** From the process that started us, which starts the database, too; undefined without one. */
async function databaseOfSupervisor(): Promise<string | undefined> {
  if (process.send === undefined) return undefined
  const [url] = await Promise.race([once(process, 'message'), once(process, 'disconnect')])
  // It ended before it had one.
  if (url === undefined) process.exit()
  return String(url)
}

await applyMigrations(connectionString, migrationsDirectory)
const database = openDatabase(connectionString)
const isBuilding = await buildAddon(config.DESCENT_BACKEND, log)
const pool = new TrainerPool({ backend: config.DESCENT_BACKEND })
const workerId = config.WORKER_ID ?? `worker_${randomBytes(8).toString('hex')}`
const processor = new Processor({
  workerId,
  runs: runStore(database, limitsOf(config)),
  models: modelStore(database),
  figures: metricStore(database),
  pool,
  sharedDatasets: new SharedDatasets(config.DATASET_CACHE_BYTES),
  storedTables: new StoredTables(datasetStore(database), config.DATASET_CACHE_BYTES / 4),
  checkpointMilliseconds: 1_000 * config.CHECKPOINT_SECONDS,
  backend: config.DESCENT_BACKEND,
  threads: config.WORKER_CONCURRENCY,
  databaseTrouble,
  retryMilliseconds: [1_000, 4_000],
  log,
})
const lanes = new Lanes(
  config.WORKER_CONCURRENCY,
  (phases) => processor.processNext(phases),
  (error) => log.warn({ err: error }, 'training'),
)
const hints = await listenForHints(connectionString, {
  onHint: (progress) => processor.notice(progress),
  onQueued: () => {
    if (config.REDIS_URL === undefined) lanes.wake()
  },
  // What was missed shows at the next heartbeat, or to the reconciler.
  onReconnect: () => log.info('listening for hints again'),
})
const onQueueError = (error: Error) => log.warn({ err: error }, 'queue')
const redis = config.REDIS_URL === undefined ? null : await consumeFrom(config.REDIS_URL)
const queue = redis?.queue ?? notifyQueue(database)
lanes.wake()

/** Each message is leave to train until nothing is queued; others are woken after each claim, for there may be more. */
async function consumeFrom(url: string) {
  // BullMQ is loaded where there is a Redis.
  const { consume, openQueue } = await import('../src/queue/queue.js')
  const queue = await openQueue(url, onQueueError)
  const wakeOthers = () => void queue.wake().catch(onQueueError)
  const consumer = await consume(url, {
    concurrency: config.WORKER_CONCURRENCY,
    work: async () => {
      let isMore: boolean
      do {
        isMore = false
        await processor.processNext({
          onClaim: (left) => {
            isMore = left > 0
            if (isMore) wakeOthers()
          },
        })
      } while (isMore)
    },
    onError: onQueueError,
  })
  return { queue, consumer }
}
const backend = explainBackend(config.DESCENT_BACKEND)
const isSlower = config.DESCENT_BACKEND === 'auto' && backend.passedOver.length > 0 && !isBuilding
const described = { concurrency: config.WORKER_CONCURRENCY, backend }
if (isSlower) log.warn(described, 'worker is ready, without the fastest backend')
else log.info(described, 'worker is ready')
process.send?.('ready')

// Without an API process, too, workers are woken and the jobs of silent ones found.
const reconciler = reconcileForever(jobStore(database), queue, (error) =>
  log.warn({ err: error }, 'reconciler'),
)

const presence = reportForever(
  workerStore(database),
  () => ({
    id: workerId,
    threads: config.WORKER_CONCURRENCY,
    busyThreads: processor.busyThreads,
    backend: explainBackend(config.DESCENT_BACKEND).name,
  }),
  log,
)

let stopping = false
async function stop(reason: string): Promise<void> {
  if (stopping) return
  stopping = true
  log.info({ reason }, 'worker stops')
  exitInTime(log)
  processor.stop()
  await reconciler.stop()
  await redis?.consumer.close()
  await lanes.close()
  // What was handed back is queued again.
  await queue.wake().catch(onQueueError)
  await queue.close()
  await processor.close()
  await presence.end()
  await pool.close()
  await hints.close()
  await database.$disconnect()
  process.exit(0)
}

process.on('SIGTERM', () => void stop('SIGTERM'))
process.on('SIGINT', () => void stop('SIGINT'))
// The supervisor is gone; without it nobody would end this process.
process.on('disconnect', () => void stop('supervisor ended'))
